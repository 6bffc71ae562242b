import { z } from "../config/schema.ts";
import { addressSetting, commonSettings, rateSetting, sessionSettings } from "./settings.ts";
import { textSettings } from "./text-settings.ts";
import { tlvSettings } from "./tlv-settings.ts";
import { listenerTlsSettings, serverTlsSettings } from "./tls-settings.ts";

const dayMs = 86_400_000;

const listener = z.strictObject({
  enabled: z.boolean().default(true).describe("false opens nothing here."),
  address: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Local addresses; those of the channel by default."),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe("TCP port, 0 for a free one; 2775 by default, 2776 with `tls`."),
  tls: listenerTlsSettings.optional(),
});

export const smppServerSettings = z
  .strictObject({
    type: z.literal("smpp-server").describe("Customers bind here with SMPP."),
    ...commonSettings,
    address: addressSetting,
    port: z.int().min(0).max(65_535).default(2775).describe("TCP port; 0 takes a free one."),
    tls: serverTlsSettings.optional(),
    listeners: z
      .array(listener)
      .min(1)
      .max(100)
      .optional()
      .describe("Several ports, in place of `port` and `tls`."),
    systemId: z
      .string()
      .max(15)
      .default("signalbox")
      .describe("system_id that a customer gets in the bind response."),
    sessionsMax: z
      .int()
      .min(1)
      .default(1_000)
      .describe("Connections at a time; more are closed at once."),
    failedBindsMax: z
      .int()
      .min(0)
      .max(100_000)
      .default(30)
      .meta({ unit: "per minute" })
      .describe(
        "Refused binds of one address, or network of IPv6, at once and per minute; then it is hung up on. 0: any number.",
      ),
    rate: rateSetting().describe(
      "How fast all customers together may send here, such as `500/second burst 1000, 100000 parts/day`; more is refused with 0x58. Empty: no limit.",
    ),
    bindTimeoutMs: z
      .int()
      .min(100)
      .default(5_000)
      .meta({ unit: "ms" })
      .describe("A connection that is not bound by then is closed; an unanswered bind is refused."),
    answerTimeoutMs: z
      .int()
      .min(100)
      .default(3_000)
      .meta({ unit: "ms" })
      .describe("How long a message may wait for its answer."),
    transactionWaitMs: z
      .int()
      .min(1_000)
      .max(600_000)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe(
        "How long the answer to a message in transaction mode (esm_class 2) waits for the outcome. What is not sent by then is refused with 0xFE and never sent.",
      ),
    scheduleAheadMs: z
      .int()
      .min(0)
      .max(365 * dayMs)
      .default(14 * dayMs)
      .meta({ unit: "ms" })
      .describe(
        "How far ahead a schedule_delivery_time may be; one beyond is refused with 0x61. 0: nothing is scheduled.",
      ),
    acceptAnyBind: z
      .boolean()
      .default(false)
      .describe(
        "true: everybody is let in, whatever the password, and no trigger is asked. For tests: who can reach this listener can send.",
      ),
    acceptAnyMessage: z
      .boolean()
      .default(false)
      .describe(
        "true: every message is taken and kept, and no trigger is asked; so it costs nothing and goes nowhere.",
      ),
    onUnhandledBind: z
      .enum(["reject", "silent"])
      .default("reject")
      .describe(
        "No trigger answered a bind: refuse with 0x0D after bindTimeoutMs, or close silently.",
      ),
    onUnhandled: z
      .enum(["reject", "close"])
      .default("reject")
      .describe(
        "No trigger answered a message: refuse with 0x08 at once, or close after answerTimeoutMs.",
      ),
    ...textSettings,
    ...tlvSettings,
    ...sessionSettings,
  })
  .superRefine(({ listeners, port, tls }, context) => {
    if (listeners === undefined) return;
    const blame = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (tls !== undefined) blame("tls", "must stand in one of `listeners` where these are set");
    if (port !== 2775) blame("port", "must stand in one of `listeners` where these are set");
    if (!listeners.some(({ enabled }) => enabled))
      blame("listeners", "must have one that is enabled; to open nothing, disable the channel");
  })
  .meta({ title: "smpp-server" });

export type SmppServerSettings = z.infer<typeof smppServerSettings>;
