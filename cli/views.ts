import { z } from "../src/config/schema.ts";
import { ID_BASES } from "../src/model/provider-id.ts";
import type { KvEntryView, KvNamespaceView, KvPageView } from "../src/model/kv-view.ts";
import type { Status } from "../src/model/status.ts";
import { FOLLOWERS } from "../src/model/status.ts";
import { UNMATCHED_REASONS } from "../src/model/view.ts";
import type { AccountDetail, AccountListed, AccountView } from "../src/model/account-view.ts";
import type {
  ChannelView,
  ConfigPlanView,
  ConfigVersionView,
  DatabaseView,
  DeadLetterView,
  DiskView,
  LifeView,
  LogLevelView,
  MessageView,
  QueueView,
  SessionView,
  StatusView,
  TriggerVersionText,
  TriggerVersionView,
  TriggerView,
  UnmatchedReportView,
} from "../src/model/view.ts";

// The shapes of what the admin API answers, so that an answer of another version is told as that and
// does not end as a table of `undefined`. What a shape does not name is dropped.

/** JSON has no undefined: it is left out, or null. */
export const maybe = <S extends z.ZodType>(shape: S) =>
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
  uncertain: z.number(),
  oldestDueMs: maybe(z.number()),
  held: maybe(z.enum(["paused", "drained"])),
  stopped: maybe(
    z.object({
      queue: z.string(),
      what: z.enum(["resting", "open", "halfOpen"]),
      untilMs: maybe(z.number()),
      why: z.string(),
    }),
  ),
  idBase: maybe(z.object({ base: z.enum(ID_BASES), by: z.enum(["set", "learnt"]) })),
  lastError: maybe(z.object({ atMs: z.number(), text: z.string() })),
  certificates: maybe(
    z.array(
      z.object({
        path: z.string(),
        validUntilMs: z.number(),
        openKey: maybe(z.string()),
        refused: maybe(z.string()),
      }),
    ),
  ),
  warnings: maybe(z.array(z.string())),
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
  state: z.enum(["active", "broken", "quarantined", "disabled", "rolledBack", "canary"]),
  detail: z.string(),
  source: z.exactOptional(z.string()),
  sinceMs: z.number(),
  nextMs: z.exactOptional(z.number()),
  runs: z.number(),
  faults: z.number(),
  lastFault: z.exactOptional(
    z.object({ atMs: z.number(), text: z.string(), source: z.exactOptional(z.string()) }),
  ),
  meanMs: z.number(),
  p99Ms: z.number(),
  cpuMs: z.number(),
});

const triggerVersion = z.object({
  file: z.string(),
  version: z.number(),
  hash: z.string(),
  atMs: z.number(),
  by: z.string(),
  runs: z.enum(["all", "most", "some", "none"]),
});

export const triggerVersionShape: z.ZodType<TriggerVersionView> = triggerVersion;

export const triggerTextShape: z.ZodType<TriggerVersionText> = triggerVersion.extend({
  texts: z.array(z.object({ path: z.string(), text: z.string() })),
});

export const accountShape: z.ZodType<AccountView> = z.object({
  id: z.string(),
  credits: z.number(),
  passwordScheme: z.string(),
  numbers: z.array(z.string()),
});

export const accountListedShape: z.ZodType<AccountListed> = z.object({
  id: z.string(),
  credits: z.number(),
  passwordScheme: z.string(),
  numbers: z.array(z.string()),
  access: z.enum(["enabled", "disabled"]),
  sessions: z.number(),
  usage: z
    .object({
      messages: z.number(),
      charged: z.number(),
      committed: z.number(),
      refunded: z.number(),
    })
    .optional(),
});

export const accountDetailShape: z.ZodType<AccountDetail> = z.object({
  id: z.string(),
  credits: z.number(),
  passwordScheme: z.string(),
  numbers: z.array(z.string()),
  options: z.object({
    messageIdForm: z.enum(["uuid", "hex32", "decimal", "short"]),
    receiptTemplate: z.string(),
    receiptDates: z.enum(["minute", "second", "year4", "unix"]),
    receiptTlvs: z.enum(["auto", "never"]),
    receiptAs: z.enum(["deliver_sm", "data_sm"]),
    receiptNoReport: z.enum(["send", "omit"]),
    receiptKeepMs: z.number(),
    rate: z.string(),
    bindsMax: z.number(),
    allowFrom: z.string(),
    route: z.string(),
    refunds: z.enum(["unsent", "never"]),
    lowBalance: z.string(),
    senders: z.string(),
    access: z.enum(["enabled", "disabled"]),
  }),
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
  encoding: maybe(z.string()),
  part: maybe(
    z.object({
      by: z.enum(["udh8", "udh16", "sar"]),
      reference: z.number(),
      number: z.number(),
      total: z.number(),
    }),
  ),
  joined: maybe(z.array(z.string())),
  clientReference: maybe(z.string()),
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
      part: maybe(z.number()),
      parts: maybe(z.number()),
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

export const queueShape: z.ZodType<QueueView> = z.object({
  name: z.string(),
  channel: z.string(),
  account: maybe(z.string()),
  rows: z.number(),
  inFlight: z.number(),
  uncertain: z.number(),
  oldestDueMs: maybe(z.number()),
});

export const unmatchedReportShape: z.ZodType<UnmatchedReportView> = z.object({
  id: z.string(),
  state: z.enum(["again", "dead"]),
  channel: z.string(),
  atMs: z.number(),
  messageId: z.string(),
  reported: z.string(),
  error: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.enum(UNMATCHED_REASONS),
  why: z.string(),
  candidates: z.array(
    z.object({
      message: z.string(),
      root: z.string(),
      channel: z.string(),
      providerId: maybe(z.string()),
      status,
      reportAsked: z.boolean(),
      atMs: z.number(),
    }),
  ),
});

/** From the quietest to the loudest. */
export const logLevels = ["error", "warn", "info", "debug", "pdu"] as const;

const logLevel = z.enum(logLevels);

export const logLevelShape: z.ZodType<LogLevelView> = z.object({
  channel: maybe(z.string()),
  level: logLevel,
  until: maybe(z.object({ atMs: z.number(), level: logLevel })),
});

/** How many messages an operation has changed. */
export const rowsShape = z.object({ rows: z.number() });

export const retriedShape = z.object({ id: z.string(), kind: z.string() });

export const resentShape = z.object({ id: z.string(), root: z.string(), queue: z.string() });

export const cancelledShape = z.object({ id: z.string(), status });

const databaseShape: z.ZodType<DatabaseView> = z.object({
  embedded: z.boolean(),
  version: z.string(),
  where: z.string(),
  reachable: z.boolean(),
  waiting: z.number(),
  octets: maybe(z.number()),
});

const diskShape: z.ZodType<DiskView> = z.object({
  path: z.string(),
  freeMib: z.number(),
  minFreeMib: z.number(),
  low: z.boolean(),
});

const configFacts = {
  file: z.string(),
  version: z.number(),
  sinceMs: z.number(),
  faults: z.array(z.string()),
  restart: z.array(z.string()),
  failed: z.array(z.string()),
};

export const statusShape: z.ZodType<StatusView> = z.object({
  startId: z.string(),
  version: z.string(),
  pid: z.number(),
  sinceMs: z.number(),
  well: z.boolean(),
  troubles: z.array(z.string()),
  warnings: z.array(z.string()),
  channels: z.array(channelShape),
  triggers: z.object({
    active: z.number(),
    broken: z.array(z.string()),
    quarantined: z.array(z.string()),
  }),
  database: databaseShape,
  disk: maybe(diskShape),
  uncertain: z.number(),
  unmatchedReports: z.number(),
  deadLetters: z.number(),
  config: maybe(z.object(configFacts)),
});

/** How far an erasure, or matching reports again, is. */
export const erasingShape = z.object({ done: z.number(), total: z.number() });

/** The last line of an erasure. */
export const erasedShape = z.object({
  erased: z.object({ messages: z.number(), traces: z.number(), reports: z.number() }),
});

/** The last line of matching reports again. */
export const rematchedShape = z.object({
  rematched: z.object({ matched: z.number(), unknown: z.number(), refused: z.number() }),
});

/** What a changed configuration does, or would do. */
export const configPlanShape: z.ZodType<ConfigPlanView> = z.object({
  version: z.number(),
  changes: z.array(
    // What was not set before, or is not any more, is left out.
    z.object({
      path: z.string(),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
  channels: z.array(
    z.object({
      channel: z.string(),
      what: z.enum(["open", "close", "reopen", "adjust"]),
      queued: z.number(),
      failed: maybe(z.string()),
    }),
  ),
  restart: z.array(z.string()),
});

export const configVersionShape: z.ZodType<ConfigVersionView> = z.object({
  number: z.number(),
  atMs: z.number(),
  by: z.string(),
});

export const kvNamespaceShape: z.ZodType<KvNamespaceView> = z.object({
  namespace: z.string(),
  entries: z.number(),
});

export const kvEntryShape: z.ZodType<KvEntryView> = z.object({
  key: z.string(),
  value: z.unknown(),
  expiresMs: maybe(z.number()),
});

export const kvPageShape: z.ZodType<KvPageView> = z.object({
  entries: z.array(kvEntryShape),
  next: maybe(z.string()),
});
