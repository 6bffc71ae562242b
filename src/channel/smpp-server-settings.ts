import { z } from "../config/schema.ts";
import { commonSettings, sessionSettings } from "./settings.ts";
import { textSettings } from "./text-settings.ts";
import { serverTlsSettings } from "./tls.ts";

export const smppServerSettings = z
  .strictObject({
    type: z.literal("smpp-server").describe("Customers bind here with SMPP."),
    ...commonSettings,
    address: z
      .array(z.string().min(1))
      .min(1)
      .default(["127.0.0.1", "::1"])
      .describe("Local addresses to listen on; `0.0.0.0` and `::` mean all."),
    port: z.int().min(0).max(65_535).default(2775).describe("TCP port; 0 takes a free one."),
    tls: serverTlsSettings.optional(),
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
    ...sessionSettings,
  })
  .meta({ title: "smpp-server" });

export type SmppServerSettings = z.infer<typeof smppServerSettings>;
