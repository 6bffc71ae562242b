import { z } from "../config/schema.ts";
import { failureSettings } from "./failure-settings.ts";
import { GatewayError } from "../model/error.ts";
import { type Rate, ratesFrom } from "../model/rate.ts";
import { sessionLimits } from "../smpp/limits.ts";
import type { SessionLimits } from "../smpp/limits.ts";

/** What every channel has. */
export const commonSettings = {
  description: z.string().max(200).default("").describe("Free text, shown in lists."),
  enabled: z.boolean().default(true).describe("false keeps the entry but opens nothing."),
  numbers: z
    .enum(["international", "asReceived"])
    .default("asReceived")
    .describe("`international`: a bare number of unknown type on this channel is E.164."),
  validityMs: z
    .int()
    .min(1_000)
    .max(30 * 24 * 3_600_000)
    .default(24 * 3_600_000)
    .meta({ unit: "ms" })
    .describe("How long a message that does not say so itself may wait before it expires."),
  relayWithinMs: z
    .int()
    .min(0)
    .max(30 * 24 * 3_600_000)
    .default(0)
    .meta({ unit: "ms" })
    .describe(
      "A message that could not be passed on over this channel for so long has EXPIRED, whatever its validity; 0 never. Of a scheduled one it is counted from its time.",
    ),
  serviceType: z
    .string()
    .max(5)
    .default("")
    .describe("service_type of what goes out on this channel and has none of its own."),
  queueMax: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(1_000_000)
    .meta({ unit: "messages" })
    .describe("Messages that may wait for this channel; more are refused with 0x14."),
  failures: failureSettings.describe(
    "What is done with messages that this channel does not get rid of; see docs/routes.md.",
  ),
  join: z
    .boolean()
    .default(false)
    .describe(
      "true: the parts of a text that its sender has cut are put together, and triggers see one message; else each part is a message, passed on as it is.",
    ),
  joinWaitMs: z
    .int()
    .min(1_000)
    .max(24 * 3_600_000)
    .default(600_000)
    .meta({ unit: "ms" })
    .describe(
      "With `join`: how long the first part of a text waits for the others. What a customer sent is FAILED then, what a provider brought is passed on in parts.",
    ),
};

/** Of a channel that listens for customers. */
export const addressSetting = z
  .array(z.string().min(1))
  .min(1)
  .default(["127.0.0.1", "::1"])
  .describe("Local addresses to listen on; `0.0.0.0` and `::` mean all.");

/** Of a channel to a provider. */
export const groupSetting = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe(
    "Channels that lead to the same provider share a group and may get each other's reports; its own name by default.",
  );

/** A list of rates as text; `wrong` says what a rate must not be here. */
export function rateSetting(wrong: (rate: Rate) => string | undefined = () => undefined) {
  return z
    .string()
    .max(200)
    .default("")
    .superRefine((text, context) => {
      try {
        const why = ratesFrom(text).flatMap((rate) => wrong(rate) ?? []);
        for (const message of why) context.addIssue({ code: "custom", message });
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        context.addIssue({ code: "custom", message: cause.message });
      }
    });
}

/** What every SMPP session has; the defaults and their reasons are in `smpp/limits.ts`. */
export const sessionSettings = {
  windowRequests: z
    .int()
    .min(1)
    .max(10_000)
    .default(sessionLimits.windowRequestsMax)
    .describe("Requests of ours that may be without an answer, per session."),
  peerRequests: z
    .int()
    .min(1)
    .max(10_000)
    .default(sessionLimits.peerRequestsMax)
    .describe("Requests of the peer that may be without our answer; more are refused with 0x58."),
  responseTimeoutMs: z
    .int()
    .min(100)
    .default(sessionLimits.responseTimeoutMs)
    .meta({ unit: "ms" })
    .describe("How long we wait for an answer; then its outcome is unknown."),
  enquireLinkMs: z
    .int()
    .min(100)
    .default(sessionLimits.enquireLinkMs)
    .meta({ unit: "ms" })
    .describe("After this long without traffic the peer is asked whether it lives."),
  inactivityMs: z
    .int()
    .min(0)
    .default(sessionLimits.inactivityMs)
    .meta({ unit: "ms" })
    .describe("A session without messages for this long is closed; 0 never."),
  pduOctets: z
    .int()
    .min(1_024)
    .max(1_048_576)
    .default(sessionLimits.pduOctetsMax)
    .meta({ unit: "octets" })
    .describe("A longer PDU ends the connection."),
};

interface SessionSettings {
  readonly windowRequests: number;
  readonly peerRequests: number;
  readonly responseTimeoutMs: number;
  readonly enquireLinkMs: number;
  readonly inactivityMs: number;
  readonly pduOctets: number;
}

export function limitsOf(settings: SessionSettings, sessionInitMs: number): SessionLimits {
  return {
    ...sessionLimits,
    windowRequestsMax: settings.windowRequests,
    peerRequestsMax: settings.peerRequests,
    responseTimeoutMs: settings.responseTimeoutMs,
    enquireLinkMs: settings.enquireLinkMs,
    inactivityMs: settings.inactivityMs,
    pduOctetsMax: settings.pduOctets,
    sessionInitMs,
  };
}
