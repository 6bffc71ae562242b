import { z } from "../src/config/schema.ts";
import type { Status } from "../src/model/status.ts";
import { FOLLOWERS } from "../src/model/status.ts";
import type {
  AccountView,
  ChannelView,
  DeadLetterView,
  LifeView,
  MessageView,
  SessionView,
  TriggerView,
} from "../src/model/view.ts";

// The shapes of what the admin API answers, so that an answer of another version is told as that and
// does not end as a table of `undefined`. What a shape does not name is dropped.

/** JSON has no undefined: it is left out, or null. */
const maybe = <S extends z.ZodType>(shape: S) =>
  shape.nullish().transform((value) => value ?? undefined);

const status = z.custom<Status>(
  (value) => typeof value === "string" && Object.hasOwn(FOLLOWERS, value),
);

export const channelShape: z.ZodType<ChannelView> = z.object({
  name: z.string(),
  type: z.string(),
  description: z.string(),
  state: z.enum(["up", "down", "off"]),
  detail: z.string(),
  sinceMs: z.number(),
  sessions: z.number(),
  queued: z.number(),
  inFlight: z.number(),
});

export const sessionShape: z.ZodType<SessionView> = z.object({
  id: z.string(),
  channel: z.string(),
  account: z.string(),
  bindType: z.enum(["transmitter", "receiver", "transceiver"]),
  version: z.string(),
  remote: z.string(),
  tls: z.boolean(),
  sinceMs: z.number(),
  received: z.number(),
  sent: z.number(),
});

export const triggerShape: z.ZodType<TriggerView> = z.object({
  name: z.string(),
  event: z.string(),
  file: z.string(),
  order: z.number(),
  version: z.number(),
  state: z.enum(["active", "broken", "quarantined"]),
  detail: z.string(),
  sinceMs: z.number(),
  runs: z.number(),
  faults: z.number(),
});

export const accountShape: z.ZodType<AccountView> = z.object({
  id: z.string(),
  credits: z.number(),
  passwordScheme: z.string(),
  numbers: z.array(z.string()),
});

export const messageShape: z.ZodType<MessageView> = z.object({
  id: z.string(),
  root: z.string(),
  kind: z.enum(["bind", "sms", "report"]),
  direction: z.enum(["in", "out"]),
  channel: z.string(),
  account: maybe(z.string()),
  from: z.string(),
  to: z.string(),
  text: maybe(z.string()),
  dataCoding: z.number(),
  report: maybe(z.object({ messageId: z.string(), state: z.string(), error: z.string() })),
  reportAsked: z.boolean(),
  status,
  error: maybe(z.string()),
  pending: maybe(z.object({ queue: z.string(), dueMs: z.number(), tries: z.number() })),
  maybeTwice: z.boolean(),
  attempts: z.array(
    z.object({
      tries: z.number(),
      channel: z.string(),
      providerId: maybe(z.string()),
      status,
      error: maybe(z.string()),
      atMs: z.number(),
    }),
  ),
  log: z.array(
    z.object({
      at: z.number(),
      what: z.string(),
      facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
  atMs: z.number(),
});

export const lifeShape: z.ZodType<LifeView> = z.object({
  root: z.string(),
  status,
  error: maybe(z.string()),
  entries: z.array(messageShape),
});

export const deadLetterShape: z.ZodType<DeadLetterView> = z.object({
  id: z.string(),
  root: maybe(z.string()),
  kind: z.string(),
  reason: z.string(),
  payload: z.string(),
  atMs: z.number(),
});
