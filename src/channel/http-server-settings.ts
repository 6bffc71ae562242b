import { z } from "../config/schema.ts";
import { addressSetting, commonSettings, rateSetting } from "./settings.ts";
import { listenerTlsSettings } from "./tls-settings.ts";

const dayMs = 86_400_000;

const { description, enabled, validityMs, relayWithinMs, queueMax } = commonSettings;

export const httpServerSettings = z
  .strictObject({
    type: z.literal("http-server").describe("Customers send and read here with HTTP and JSON."),
    description,
    enabled,
    numbers: z
      .enum(["international", "asReceived"])
      .default("international")
      .describe("`international`: a bare number of seven digits or more is E.164."),
    validityMs,
    relayWithinMs,
    queueMax,
    address: addressSetting,
    port: z.int().min(0).max(65_535).default(8080).describe("TCP port; 0 takes a free one."),
    tls: listenerTlsSettings.optional(),
    connectionsMax: z
      .int()
      .min(1)
      .max(100_000)
      .default(1_000)
      .describe("Connections at a time; more are closed at once."),
    messagesInFlight: z
      .int()
      .min(1)
      .max(100_000)
      .default(5_000)
      .meta({ unit: "messages" })
      .describe("Messages whose answer is being decided or committed; more are refused with 503."),
    rate: rateSetting().describe(
      "How fast all customers together may send here, such as `500/second burst 1000, 100000 parts/day`; more is refused with 429. Empty: no limit.",
    ),
    requestTimeoutMs: z
      .int()
      .min(100)
      .max(300_000)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("A request that has not arrived by then is cut off with 408."),
    keepAliveMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(75_000)
      .meta({ unit: "ms" })
      .describe("A connection without a request for so long is closed."),
    answerTimeoutMs: z
      .int()
      .min(100)
      .default(3_000)
      .meta({ unit: "ms" })
      .describe("How long a message may wait for its decision."),
    transactionWaitMs: z
      .int()
      .min(1_000)
      .max(600_000)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("How long the answer to a message in `transaction` mode waits for the outcome."),
    bodyOctets: z
      .int()
      .min(1_024)
      .max(16 * 1_048_576)
      .default(2 * 1_048_576)
      .meta({ unit: "octets" })
      .describe("A larger body is refused with 413."),
    batchMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(1_000)
      .meta({ unit: "messages" })
      .describe("Messages in one batch; more are refused with 400."),
    scheduleAheadMs: z
      .int()
      .min(0)
      .max(365 * dayMs)
      .default(14 * dayMs)
      .meta({ unit: "ms" })
      .describe("How far ahead a `send_at` may be; 0: nothing is scheduled."),
    idempotencyKey: z
      .enum(["optional", "required"])
      .default("optional")
      .describe("`required`: what sends without an Idempotency-Key is refused with 400."),
    failedLoginsMax: z
      .int()
      .min(0)
      .max(100_000)
      .default(60)
      .meta({ unit: "per minute" })
      .describe(
        "Refused keys and passwords of one address, or network of IPv6, at once and per minute; then it hears 429. 0: any number.",
      ),
    basicRememberedMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(60_000)
      .meta({ unit: "ms" })
      .describe(
        "After a system_id and password were accepted by the `bind` triggers, they are not asked again for so long. 0: for each request.",
      ),
    reports: z
      .enum(["status", "pull"])
      .default("status")
      .describe(
        "What becomes of a message: `status` can be read; `pull` is waiting in /v1/inbound, too, until it is acknowledged.",
      ),
    pullMessages: z
      .int()
      .min(1)
      .max(10_000)
      .default(500)
      .meta({ unit: "messages" })
      .describe(
        "Messages that one account may have fetched from /v1/inbound and not acknowledged.",
      ),
    pullIdleMs: z
      .int()
      .min(1_000)
      .max(24 * 3_600_000)
      .default(300_000)
      .meta({ unit: "ms" })
      .describe("An account that has not asked for so long has its fetched messages put back."),
    eventStreamsMax: z
      .int()
      .min(0)
      .max(10_000)
      .default(100)
      .describe(
        "Open streams of /v1/events, of all accounts; an account may have a tenth of them.",
      ),
  })
  .meta({ title: "http-server" });

export type HttpServerSettings = z.infer<typeof httpServerSettings>;
