import { z } from "../config/schema.ts";
import { allowListFrom } from "../model/allow-list.ts";
import { GatewayError } from "../model/error.ts";
import { isLoopback } from "../model/loopback.ts";
import { anyReportSettings } from "./report-settings.ts";
import { commonSettings, groupSetting, rateSetting } from "./settings.ts";
import { clientTlsSettings, listenerTlsSettings } from "./tls-settings.ts";

const webUrl = z
  .url({ protocol: /^https?$/, error: "must begin with https:// or http://" })
  .refine((text) => URL.canParse(text) && new URL(text).username === "", {
    error: "must hold no password: there are `user` and `password`",
  })
  .refine((text) => URL.canParse(text) && new URL(text).search === "", {
    error: "must have no `?`: that is for the provider's file",
  });

/** Where the provider calls us. */
const callbackSettings = z
  .strictObject({
    address: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Local address to listen on; one that others can reach needs `secret` or `allow`."),
    port: z.int().min(0).max(65_535).default(2780).describe("TCP port; 0 takes a free one."),
    tls: listenerTlsSettings.optional(),
    url: webUrl
      .optional()
      .describe(
        "How the provider reaches this listener, such as `https://sms.example.com/acme`; it is told with each message where its file says so.",
      ),
    secret: z
      .string()
      .min(8)
      .max(200)
      .optional()
      .meta({ secret: true })
      .describe(
        "What only the provider knows: the key of its signatures, its password, or, where it has neither, the first part of the path.",
      ),
    allow: z
      .string()
      .max(2_000)
      .default("")
      .superRefine((text, context) => {
        try {
          allowListFrom(text);
        } catch (cause) {
          if (!(cause instanceof GatewayError)) throw cause;
          context.addIssue({ code: "custom", message: cause.message });
        }
      })
      .describe("Addresses and networks that may call, with commas between; empty: all."),
    bodyOctets: z
      .int()
      .min(1_024)
      .max(16 * 1024 * 1024)
      .default(1024 * 1024)
      .meta({ unit: "octets" })
      .describe("A larger body is refused (413)."),
    requestsMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .meta({ unit: "requests" })
      .describe("Callbacks under way at a time; more are put off (503)."),
  })
  .describe("A listener for the provider's callbacks: reports and messages.");

export type CallbackSettings = z.infer<typeof callbackSettings>;

export const httpClientSettings = z
  .strictObject({
    type: z.literal("http-client").describe("We ask a provider over HTTP."),
    ...commonSettings,
    provider: z
      .string()
      .min(1)
      .max(1_000)
      .describe(
        "What the provider's requests and answers look like: one that is shipped, by its name, or a YAML file, relative to this one; see docs/http-provider.md.",
      ),
    url: webUrl.describe("Where it is asked; the paths of its file are put behind it."),
    tls: clientTlsSettings.describe(
      "With an `https` address, which certificates are trusted; `true` and `false` are the same here.",
    ),
    user: z.string().max(200).default("").describe("`{user}` of its file."),
    password: z
      .string()
      .max(2_000)
      .default("")
      .meta({ secret: true })
      .describe("`{password}` of its file: a password, a key, a token."),
    values: z
      .record(z.string().regex(/^[A-Za-z]\w{0,39}$/), z.string().max(1_000))
      .default({})
      .describe("`{values.NAME}` of its file: what it wants besides."),
    sender: z
      .string()
      .max(64)
      .optional()
      .describe(
        "As whom messages go out, usually the number that the provider has given us; `*` in it stands for the message's own sender. Left out, the sender goes as it came.",
      ),
    recipient: z
      .string()
      .max(64)
      .optional()
      .describe("To whom all messages go that this provider brings; left out, to their number."),
    default: z
      .boolean()
      .default(false)
      .describe(
        "true, on one channel at most: messages that are for a provider, and not for a certain one, go here.",
      ),
    maxParts: z
      .int()
      .min(1)
      .max(255)
      .default(10)
      .describe("A text that makes more parts fails with message_too_long."),
    rate: rateSetting(({ of }) =>
      of === "parts" ? "requests are counted here: leave `parts` out" : undefined,
    ).describe(
      "How fast we send here, such as `100/second` or `20/second burst 1, 50000/day`; never faster. Empty: as the window allows.",
    ),
    windowRequests: z
      .int()
      .min(1)
      .max(1_000)
      .default(10)
      .describe("Requests of ours that may be without an answer, each on a connection of its own."),
    responseTimeoutMs: z
      .int()
      .min(100)
      .max(300_000)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("How long we wait for an answer; then its outcome is unknown."),
    connectTimeoutMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("How long connecting may take."),
    reconnectMs: z
      .int()
      .min(10)
      .default(1_000)
      .meta({ unit: "ms" })
      .describe(
        "Pause before a provider that is not reached, or does not let us in, is asked again; doubles up to reconnectMostMs.",
      ),
    reconnectMostMs: z
      .int()
      .min(10)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("The longest pause between two tries."),
    answerOctets: z
      .int()
      .min(1_024)
      .max(16 * 1024 * 1024)
      .default(256 * 1024)
      .meta({ unit: "octets" })
      .describe("A larger answer is not read, so its outcome is unknown."),
    group: groupSetting,
    reports: z
      .strictObject(anyReportSettings)
      .prefault({})
      .describe("How the provider's reports are read."),
    callbacks: callbackSettings.optional(),
  })
  .superRefine(({ callbacks, url, tls }, context) => {
    if (callbacks !== undefined && !isLoopback(callbacks.address))
      if (callbacks.secret === undefined && callbacks.allow === "")
        context.addIssue({
          code: "custom",
          path: ["callbacks", "secret"],
          message: `must be set because others can reach ${callbacks.address}, or say in \`allow\` who may call`,
        });
    if (typeof tls === "object" && !url.startsWith("https:"))
      context.addIssue({ code: "custom", path: ["tls"], message: "needs an https address" });
  })
  .meta({ title: "http-client" });

export type HttpClientSettings = z.infer<typeof httpClientSettings>;
