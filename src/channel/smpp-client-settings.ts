import { z } from "../config/schema.ts";
import { reportSettings } from "./report-settings.ts";
import { commonSettings, sessionSettings } from "./settings.ts";
import { textSettings } from "./text-settings.ts";
import { clientTlsSettings } from "./tls.ts";

export const smppClientSettings = z
  .strictObject({
    type: z.literal("smpp-client").describe("We bind to a provider with SMPP."),
    ...commonSettings,
    host: z
      .string()
      .min(1)
      .describe("The provider's name or address; `tls:` before it is short for `tls: true`."),
    port: z.int().min(1).max(65_535).default(2775).describe("The provider's TCP port."),
    tls: clientTlsSettings,
    systemId: z.string().min(1).max(16).describe("system_id to bind with."),
    password: z.string().max(64).meta({ secret: true }).describe("Password to bind with."),
    systemType: z
      .string()
      .max(12)
      .default("")
      .describe("system_type, if the provider asks for one."),
    bindType: z
      .enum(["transceiver", "transmitter", "receiver"])
      .default("transceiver")
      .describe("What the sessions may do: both, only send, only receive."),
    version: z
      .enum(["3.3", "3.4", "5.0"])
      .default("3.4")
      .describe("interface_version that we bind with."),
    addressRange: z.string().max(40).default("").describe("address_range for the bind."),
    binds: z
      .int()
      .min(1)
      .max(50)
      .default(1)
      .describe("Sessions at a time; never more than this, also while they are made anew."),
    connectTimeoutMs: z
      .int()
      .min(100)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("How long connecting and binding may take together."),
    reconnectMs: z
      .int()
      .min(10)
      .default(1_000)
      .meta({ unit: "ms" })
      .describe("Pause before a lost session is made anew; doubles up to reconnectMostMs."),
    reconnectMostMs: z
      .int()
      .min(10)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("The longest pause between two tries to bind."),
    group: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        "Channels that lead to the same provider share a group and may get each other's reports; its own name by default.",
      ),
    reports: reportSettings,
    ...textSettings,
    ...sessionSettings,
  })
  .refine(({ version, split }) => version !== "3.3" || (split !== "sar" && split !== "payload"), {
    path: ["split"],
    message: "a provider of version 3.3 knows neither the sar_ parameters nor message_payload",
  })
  .meta({ title: "smpp-client" });

export type SmppClientSettings = z.infer<typeof smppClientSettings>;
