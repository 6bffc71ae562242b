import { z } from "../config/schema.ts";
import { credentialFaults } from "./credentials.ts";
import { placeIn, smppPort } from "./provider-place.ts";
import { outbindSettings } from "./outbind.ts";
import { reportSettings } from "./report-settings.ts";
import { commonSettings, groupSetting, rateSetting, sessionSettings } from "./settings.ts";
import { textSettings } from "./text-settings.ts";
import { tlvSettings } from "./tlv-settings.ts";
import { clientTlsSettings } from "./tls-settings.ts";

export const smppClientSettings = z
  .strictObject({
    type: z.literal("smpp-client").describe("We bind to a provider with SMPP."),
    ...commonSettings,
    host: z
      .string()
      .min(1)
      .describe(
        "The provider's name or address, with its port behind a colon where it has one: `smpp.example.com:2800`, `[::1]:2800`; `tls:` before it is short for `tls: true`.",
      ),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe(`The provider's TCP port, if \`host\` does not name it; ${smppPort} by default.`),
    tls: clientTlsSettings,
    sourceAddress: z
      .union([z.ipv4(), z.ipv6()])
      .optional()
      .describe("Address of this host to connect from; left out, the system takes one."),
    recordAddress: z
      .union([z.ipv4(), z.ipv6()])
      .optional()
      .describe(
        "Address that stands in the records of messages while the provider's name cannot be resolved.",
      ),
    systemId: z
      .string()
      .min(1)
      .max(64)
      .describe(
        "system_id to bind with, at most 16 characters; what stands behind an `@` is the system_type.",
      ),
    password: z.string().min(1).max(64).meta({ secret: true }).describe("Password to bind with."),
    longPasswords: z
      .boolean()
      .default(true)
      .describe(
        "false: a system_id of more than 15 or a password of more than 8 characters, for which SMPP has no room, is refused here, and not by the provider.",
      ),
    outbind: outbindSettings.optional(),
    submitAs: z
      .enum(["submit_sm", "data_sm"])
      .default("submit_sm")
      .describe(
        "The operation that messages are sent with. data_sm carries neither priority nor schedule, and a provider of version 3.3 does not know it.",
      ),
    systemType: z
      .string()
      .max(12)
      .optional()
      .describe(
        "system_type, if the provider asks for one; empty by default. Where it is set, an `@` belongs to `systemId`.",
      ),
    sender: z
      .string()
      .max(64)
      .optional()
      .describe(
        "As whom messages go out, usually the number that the provider has given us; `*` in it stands for the message's own sender, and empty is the same as `*`. With `+` before it, it is an international number. Left out, the sender goes as it came.",
      ),
    senderLocalTon: z
      .int()
      .min(0)
      .max(6)
      .optional()
      .describe(
        "With `sender`: type of number of one that begins with a digit; left out, 0 (unknown) up to six digits and 2 (national) beyond.",
      ),
    recipient: z
      .string()
      .max(64)
      .optional()
      .describe(
        "To whom all messages go that this provider brings, whatever number they were for; left out or empty, to that number. With `dialogs`, to whom those go that answer nobody, or begin with `@@` and a space.",
      ),
    dialogs: z
      .boolean()
      .default(false)
      .describe(
        "true: phones can answer whoever writes to them over this channel, by a letter that stands before the text. The triggers of the template `dialogs` do it, see docs/dialogs.md.",
      ),
    dialogMs: z
      .int()
      .min(1_000)
      .max(30 * 24 * 3_600_000)
      .default(24 * 3_600_000)
      .meta({ unit: "ms" })
      .describe(
        "With `dialogs`: how long a letter stands for a sender whom neither side writes to. Too short, and an answer finds nobody any more; too long, and many letters of a phone are taken, so that its answers must begin with one.",
      ),
    default: z
      .boolean()
      .default(false)
      .describe(
        "true, on one channel at most: messages that are for a provider, and not for a certain one, go here; what other gateways call the nameless server.",
      ),
    bindType: z
      .enum(["transceiver", "transmitter", "receiver"])
      .default("transceiver")
      .describe("What the sessions may do: both, only send, only receive."),
    version: z
      .enum(["3.3", "3.4", "5.0"])
      .default("3.4")
      .describe("interface_version that we bind with."),
    validity: z
      .enum(["asSent", "remaining"])
      .default("asSent")
      .describe(
        "How a relative validity_period is passed on: as it came, or less what has passed since. An absolute one is passed on as it came.",
      ),
    addressRange: z.string().max(40).default("").describe("address_range for the bind."),
    rate: rateSetting(({ of }) =>
      of === "parts"
        ? "a provider counts requests, and each part is one: leave `parts` out"
        : undefined,
    ).describe(
      "How fast we send here, over all sessions, such as `100/second` or `20/second burst 1, 50000/day`; never faster. Empty: as the windows allow.",
    ),
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
    group: groupSetting,
    reports: reportSettings,
    ...textSettings,
    ...tlvSettings,
    ...sessionSettings,
  })
  .refine(({ version, split }) => version !== "3.3" || (split !== "sar" && split !== "payload"), {
    path: ["split"],
    message: "a provider of version 3.3 knows neither the sar_ parameters nor message_payload",
  })
  .superRefine((settings, context) => {
    const blame = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    const place = placeIn(settings.host);
    if ("fault" in place) blame("host", place.fault);
    else if (place.port !== undefined && settings.port !== undefined)
      blame("port", `must not be set where \`host\` names the port (${place.port})`);
    for (const { path, text } of credentialFaults(settings)) blame(path, text);
  })
  .meta({ title: "smpp-client" });

export type SmppClientSettings = z.infer<typeof smppClientSettings>;
