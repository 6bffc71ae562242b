import type { AccountView } from "../../src/model/account-view.ts";
import type {
  ChannelView,
  DeadLetterView,
  LifeView,
  LogLevelView,
  MessageView,
  QueueView,
  SessionView,
  StatusView,
  TriggerView,
  UnmatchedReportView,
} from "../../src/model/view.ts";

const at = Date.UTC(2026, 10, 21, 2, 45, 31, 123);

export const channel: ChannelView = {
  name: "SMPP1",
  type: "smpp-client",
  description: "",
  state: "down",
  detail: "not bound to 127.0.0.1:2785: ECONNREFUSED",
  sinceMs: at,
  sessions: 0,
  queued: 12,
  inFlight: 3,
  uncertain: 2,
  oldestDueMs: at,
  held: undefined,
  idBase: { base: "hexToDecimal", by: "learnt" },
  lastError: { atMs: at, text: "ECONNREFUSED" },
};

export const session: SessionView = {
  id: "a1b2c3d4e5f6",
  channel: "SMPP_SERVER1",
  account: "Test1",
  bindType: "transceiver",
  version: "3.4",
  remote: "127.0.0.1:50000",
  tls: false,
  sinceMs: at,
  received: 3,
  sent: 1,
};

export const trigger: TriggerView = {
  name: "ACK",
  event: "message",
  file: "triggers/acknowledge.ts",
  order: 10,
  version: 2,
  state: "active",
  detail: "",
  sinceMs: at,
  runs: 7,
  faults: 0,
  meanMs: 0.2,
  p99Ms: 0.5,
  cpuMs: 0,
};

export const account: AccountView = {
  id: "Test1",
  credits: 99,
  passwordScheme: "sha1-utf16le",
  numbers: ["+15550100001"],
};

export const original: MessageView = {
  id: "019aa4c1-5cd3-7000-8000-000000000001",
  root: "019aa4c1-5cd3-7000-8000-000000000001",
  kind: "sms",
  direction: "in",
  channel: "SMPP_SERVER1",
  account: "Test1",
  from: "+15550100001",
  to: "+15551234567",
  text: "Hello\u001b[2J",
  dataCoding: 0,
  report: undefined,
  reportAsked: true,
  status: "SENT",
  error: undefined,
  pending: undefined,
  maybeTwice: false,
  attempts: [],
  log: [
    { at, what: "received", facts: { session: "a1b2c3d4e5f6", sequence: 2 } },
    {
      at: at + 1,
      what: "trigger",
      facts: { trigger: "ACK", version: 2, us: 120, result: "accepted, charged 1" },
    },
    {
      at: at + 1,
      what: "trigger",
      facts: {
        trigger: "AUDIT",
        version: 1,
        us: 9,
        fault: "trigger_failed",
        text: "x is not a function",
        skipped: true,
      },
    },
    { at: at + 4, what: "answered", facts: { status: 0 } },
  ],
  atMs: at,
};

export const forwarded: MessageView = {
  ...original,
  id: "019aa4c1-5cd4-7000-8000-000000000002",
  direction: "out",
  channel: "SMPP1",
  account: undefined,
  status: "SENT",
  text: undefined,
  maybeTwice: true,
  pending: { queue: "SMPP1", dueMs: at + 60_000, tries: 1 },
  attempts: [
    {
      tries: 1,
      channel: "SMPP1",
      providerId: "41",
      status: "SENT",
      error: undefined,
      part: undefined,
      parts: undefined,
      atMs: at + 9,
    },
  ],
  log: [],
  atMs: at + 3,
};

export const life: LifeView = {
  root: original.id,
  status: "SENT",
  error: undefined,
  entries: [original, forwarded],
};

export const queue: QueueView = {
  name: "SMPP_SERVER1/Test1",
  channel: "SMPP_SERVER1",
  account: "Test1",
  rows: 12,
  inFlight: 3,
  uncertain: 2,
  oldestDueMs: at,
};

export const deadLetter: DeadLetterView = {
  id: "019aa4c1-5cd5-7000-8000-000000000003",
  root: undefined,
  kind: "report",
  reason: "no message has that id",
  payload: '{"report":"404"}',
  atMs: at,
};

export const unmatched: UnmatchedReportView = {
  id: deadLetter.id,
  state: "dead",
  channel: "SMPP1",
  atMs: at,
  messageId: "404",
  reported: "UNDELIV",
  error: "006",
  from: "+15551234567",
  to: "+15550100001",
  reason: "id_in_other_base",
  why: "It is 194 of a message to that number, hex in its answers, decimal in its reports (404).",
  candidates: [
    {
      message: deadLetter.id,
      root: deadLetter.id,
      channel: "SMPP1",
      providerId: "194",
      status: "SENT",
      reportAsked: true,
      atMs: at,
    },
  ],
};

export const logLevel: LogLevelView = {
  channel: undefined,
  level: "info",
  until: undefined,
};

export const well: StatusView = {
  startId: "019aa4c1-5cd3-7000-8000-00000000000a",
  version: "0.1.0",
  pid: 4242,
  sinceMs: at,
  well: true,
  troubles: [],
  warnings: [],
  channels: [{ ...channel, state: "up", uncertain: 0, lastError: undefined }],
  triggers: { active: 11, broken: [], quarantined: [] },
  database: {
    embedded: true,
    version: "18.4",
    where: "data/postgres",
    reachable: true,
    waiting: 0,
    octets: 12_582_912,
  },
  disk: { path: "data", freeMib: 20_000, minFreeMib: 512, low: false },
  uncertain: 0,
  unmatchedReports: 0,
  deadLetters: 0,
};

export const unwell: StatusView = {
  ...well,
  well: false,
  troubles: [
    "SMPP1 is down since 02:45:31: ECONNREFUSED; ask the provider.",
    "Trigger ROUTE is in quarantine: it ran too long; mend its file.",
  ],
  warnings: ["SMPP1: it takes every certificate."],
  channels: [channel],
  triggers: { active: 10, broken: ["ACK"], quarantined: ["ROUTE"] },
  database: { ...well.database, reachable: false, octets: undefined, waiting: 1 },
  disk: { path: "data", freeMib: 100.7, minFreeMib: 512, low: true },
  uncertain: 3,
  unmatchedReports: 1,
  deadLetters: 2,
};
