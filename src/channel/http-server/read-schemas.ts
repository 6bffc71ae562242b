import { z } from "../../config/schema.ts";
import type { Status } from "../../model/status.ts";
import { accepted, newMessage, problem, reference } from "./message-schemas.ts";

/** What customers read, in the words of the API; the same that OpenAPI tells. */

/** Of the statuses in the words that customers know; two of ours mean the same to them. */
export const STATUS_WORDS = {
  CREATED: "accepted",
  RECEIVING: "accepted",
  RECEIVED: "accepted",
  SCHEDULED: "scheduled",
  QUEUED: "queued",
  SENDING: "sending",
  SENT: "sent",
  DELIVERED: "delivered",
  NOTDELIVERED: "not_delivered",
  NOREPORT: "no_report",
  FAILED: "failed",
  EXPIRED: "expired",
  CANCELLED: "cancelled",
} as const satisfies Record<Status, string>;

export const statusWord = z.enum([
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "delivered",
  "not_delivered",
  "no_report",
  "failed",
  "expired",
  "cancelled",
]);

const time = z.string().describe("RFC 3339, UTC.");

export const sentMessage = z
  .strictObject({
    id: z.string(),
    status: statusWord,
    status_at: time.describe("When that began; RFC 3339, UTC."),
    error: z.string().optional().describe("Why it failed: our code, or the network's words."),
    created_at: time,
    to: z.string(),
    from: z.string(),
    text: z.string().optional(),
    data: z.string().optional().describe("Octets in base64, where it is no text."),
    data_coding: z.int().optional(),
    client_reference: z.string().optional(),
    tags: z.array(z.string()).optional(),
    callback_url: z.string().optional(),
  })
  .meta({ title: "Message" });

export type SentMessageBody = z.infer<typeof sentMessage>;

export const messagePage = z
  .strictObject({
    messages: z.array(sentMessage),
    next_cursor: z
      .string()
      .optional()
      .describe("Ask again with `cursor`; left out at the end. A page may be short, even empty."),
  })
  .meta({ title: "MessagePage" });

export const cancelled = z
  .strictObject({ id: z.string(), status: z.literal("cancelled") })
  .meta({ title: "Cancelled" });

export const traceBody = z
  .strictObject({
    id: z.string(),
    steps: z.array(
      z.strictObject({
        at: time,
        what: z.string(),
        facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      }),
    ),
  })
  .meta({ title: "Trace" });

export const dryRun = z
  .strictObject({
    status: z.enum(["would_be_accepted", "would_be_refused", "unknown"]),
    parts: z.int(),
    encoding: z.string(),
    credits: z.number().optional().describe("What it would cost."),
    route: z.array(z.string()).optional().describe("Channels that it would go to."),
    problem: problem.optional().describe("What the refusal would be."),
    reason: z.string().optional().describe("Why nothing can be said without sending it."),
  })
  .meta({ title: "DryRun" });

export type DryRunBody = z.infer<typeof dryRun>;

export const rateQuery = z.strictObject({
  to: newMessage.shape.to,
  from: newMessage.shape.from,
});

export type RateQuery = z.infer<typeof rateQuery>;

export const rate = dryRun
  .omit({ parts: true, encoding: true })
  .extend({
    to: z.string(),
    credits: z.number().optional().describe("What one short message would cost."),
  })
  .meta({ title: "Rate" });

export const newBatch = (most: number) =>
  z
    .strictObject({
      messages: z
        .array(z.looseObject({}))
        .min(1)
        .max(most)
        .describe("Each as for POST /v1/messages; what is wrong with one is told of that one."),
      defaults: newMessage
        .omit({ dry_run: true })
        .partial()
        .optional()
        .describe("Fields of all messages that do not say so themselves."),
    })
    .meta({
      title: "NewBatch",
      examples: [
        {
          defaults: { from: "Shop" },
          messages: [
            { to: "+31612345678", text: "One" },
            { to: "+31612345679", text: "Two" },
          ],
        },
      ],
    });

export interface NewBatch {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly defaults?: Readonly<Record<string, unknown>>;
}

export const batchItem = z.strictObject({
  index: z.int(),
  id: z.string().optional().describe("Of the message that was accepted."),
  parts: z.int().optional(),
  encoding: z.string().optional(),
  cost: z.number().optional().describe("Credits that are held for it."),
  client_reference: z.string().optional(),
  problem: problem.optional().describe("Why it was refused."),
});

export const batchAnswer = z
  .strictObject({
    id: z.string(),
    accepted: z.int(),
    refused: z.int(),
    items: z.array(batchItem).describe("In the order of the request."),
  })
  .meta({ title: "Batch" });

export type BatchAnswer = z.infer<typeof batchAnswer>;

export const batchState = z
  .strictObject({
    id: z.string(),
    created_at: time,
    accepted: z.int(),
    refused: z.int(),
    statuses: z.record(z.string(), z.int()).describe("How many of its messages stand how."),
    items: z.array(batchItem.extend({ status: statusWord.optional() })),
  })
  .meta({ title: "BatchState" });

export const batchCancelled = z
  .strictObject({
    id: z.string(),
    cancelled: z.int(),
    too_late: z.int().describe("They are on their way, or have ended."),
  })
  .meta({ title: "BatchCancelled" });

export const account = z
  .strictObject({
    id: z.string(),
    credits: z.number(),
    rate: z.string().optional().describe("How fast it may send, as its operator set it."),
    scopes: z.array(z.string()).describe("What this key may be used for."),
  })
  .meta({ title: "Account" });

export const balance = z.strictObject({ credits: z.number() }).meta({ title: "Balance" });

export const callbackSecret = z
  .strictObject({
    secret: z.string().describe("Told this once: `whsec_` and base64."),
    old_until: time.describe("Until then the one before signs, too."),
  })
  .meta({ title: "CallbackSecret" });

export const inboundItem = z
  .strictObject({
    id: z.string(),
    type: z.enum(["message", "report"]),
    received_at: time,
    from: z.string().describe("The phone; of a report the one that the message went to."),
    to: z.string(),
    text: z.string().optional(),
    data: z.string().optional(),
    data_coding: z.int().optional(),
    udh: z.string().optional(),
    message_id: z.string().optional().describe("Of a report: the message that it is about."),
    client_reference: z.string().optional().describe("Of a report: what you called that message."),
    status: z.string().optional(),
    error: z.string().optional(),
  })
  .meta({ title: "Inbound" });

export type InboundItem = z.infer<typeof inboundItem>;

export const inboundPage = z
  .strictObject({ items: z.array(inboundItem), next_cursor: z.string().optional() })
  .meta({ title: "InboundPage" });

export const acknowledged = z
  .strictObject({ id: z.string(), status: z.literal("acknowledged") })
  .meta({ title: "Acknowledged" });

export const errorPage = z
  .strictObject({
    code: z.string(),
    status: z.int().optional(),
    smpp_status: z.int().optional(),
    retryable: z.boolean(),
    advice: z.string(),
  })
  .meta({ title: "ErrorPage" });

/** The most that a page of a list may have. */
export const pageMost = 200;

/**
 * A number in a query is text, and is checked as such; OpenAPI is told that it is a number.
 */
function numberText(least: number, most: number, digits: number) {
  return z
    .string()
    .regex(new RegExp(`^[0-9]{1,${digits}}$`))
    .meta({ openapi: { type: "integer", minimum: least, maximum: most } });
}

const limit = numberText(1, pageMost, 3).optional().describe("Of a page; 50 by default.");
const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,100}$/)
  .optional()
  .describe("As the last page told.");
const moment = z.string().max(35);

export const listQuery = z.strictObject({
  to: z.string().max(40).optional(),
  client_reference: reference.optional(),
  status: z.string().max(200).optional().describe("One or several with commas."),
  since: moment.optional().describe("Made then or later; RFC 3339."),
  until: moment.optional().describe("Made before then; RFC 3339."),
  cursor,
  limit,
});

export type ListQuery = z.infer<typeof listQuery>;

export const inboundQuery = z.strictObject({
  cursor,
  limit,
  wait: numberText(0, 30, 2)
    .optional()
    .describe("Seconds to wait for something to come, 30 at most."),
});

export type InboundQuery = z.infer<typeof inboundQuery>;

export { accepted, newMessage, problem };
