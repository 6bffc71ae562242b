import type { ColumnType, Generated } from "kysely";
import type { Status } from "../model/status.ts";

/**
 * The tables as they are in the database; a test compares them with information_schema. Times come
 * as Date, bigints as number, amounts (numeric) as text; see `model/amount.ts`.
 */
export interface Tables {
  account: AccountTable;
  account_number: AccountNumberTable;
  inbound_number: InboundNumberTable;
  opt_out: OptOutTable;
  message: MessageTable;
  state: StateTable;
  attempt: AttemptTable;
  trace: TraceTable;
  pending: PendingTable;
  dead_letter: DeadLetterTable;
  channel_hold: ChannelHoldTable;
  id_base: IdBaseTable;
  trigger_version: TriggerVersionTable;
  trigger_pin: TriggerPinTable;
  trigger_canary: TriggerCanaryTable;
  trigger_disabled: TriggerDisabledTable;
  trigger_schedule: TriggerScheduleTable;
  kv: KvTable;
  number_table: NumberTableTable;
  number_table_version: NumberTableVersionTable;
  number_table_entry: NumberTableEntryTable;
  ledger: LedgerTable;
  ledger_day: LedgerDayTable;
  channel_address: ChannelAddressTable;
  api_key: ApiKeyTable;
  idempotency: IdempotencyTable;
  http_batch: HttpBatchTable;
  webhook: WebhookTable;
  webhook_call: WebhookCallTable;
  batch: BatchTable;
  gateway: GatewayTable;
}

interface AccountTable {
  id: string;
  credits: ColumnType<string, string | number, string | number>;
  low_at: ColumnType<string | null, string | null | undefined, string | null>;
  low_told: Generated<boolean>;
  password_scheme: string;
  password_hash: string;
  options: Generated<string>;
  created_at: ColumnType<Date, Date | undefined, never>;
}

interface AccountNumberTable {
  number: string;
  account: string;
}

interface InboundNumberTable {
  pattern: string;
  keyword: string;
  account: string;
  by: string;
  at: Date;
}

interface OptOutTable {
  account: string;
  number: string;
  by: string;
  at: Date;
}

export interface MessageTable {
  id: string;
  root: string;
  parent: string | null;
  at: Date;
  direction: "in" | "out";
  kind: "bind" | "sms" | "report";
  channel: string;
  account: string | null;
  from_address: string;
  to_address: string;
  body: Buffer | null;
  data_coding: number | null;
  meta: string | null;
  hops: number;
  log: string;
}

export interface StateTable {
  id: string;
  root: string;
  children: number;
  status: Status;
  error: string | null;
  at: Date;
  payer: string | null;
  charge: string | null;
  kept: string | null;
  settled: string | null;
}

export interface AttemptTable {
  id: string;
  root: string;
  tries: number;
  channel: string;
  provider_id: string | null;
  status: Status;
  error: string | null;
  report_asked: boolean;
  maybe_twice: boolean;
  at: Date;
  part: number | null;
  parts: number | null;
  reference: number | null;
}

interface TraceTable {
  root: string;
  at: Date;
  lines: string;
}

export interface PendingTable {
  id: string;
  root: string;
  kind: string;
  queue: string;
  priority: number;
  due: Date;
  expires: Date;
  tries: number;
  owner: string | null;
  maybe_twice: boolean;
  payload: string | null;
  place: string | null;
}

interface DeadLetterTable {
  id: string;
  root: string | null;
  kind: string;
  at: Date;
  reason: string;
  payload: string;
}

interface ChannelHoldTable {
  channel: string;
  held: "paused" | "drained";
  since: ColumnType<Date, Date | undefined, Date>;
  by: string;
}

interface IdBaseTable {
  provider: string;
  base: string;
  since: ColumnType<Date, Date | undefined, Date>;
}

interface TriggerVersionTable {
  file: string;
  version: number;
  hash: string;
  sources: string;
  at: Date;
  by: string;
}

interface TriggerPinTable {
  file: string;
  version: number;
  passed_over: string;
  instead_of: number | null;
  why: string;
  by: string;
  at: Date;
}

interface TriggerCanaryTable {
  file: string;
  version: number | null;
  share: number | null;
  accounts: string[] | null;
  by: string;
  at: Date;
}

interface TriggerDisabledTable {
  name: string;
  by: string;
  at: Date;
}

interface TriggerScheduleTable {
  name: string;
  cron: string;
  zone: string;
  since: Date;
  due: Date | null;
  run: string | null;
}

interface KvTable {
  namespace: string;
  key: string;
  value: string;
  expires_at: Date | null;
}

interface NumberTableTable {
  name: string;
  version: number;
}

interface NumberTableVersionTable {
  name: string;
  version: number;
  entries: number;
  quality_min: number;
  per_provider: boolean;
  at: Date;
  by: string;
}

interface NumberTableEntryTable {
  name: string;
  version: number;
  low: number;
  high: number;
  network: string;
  provider: string;
  price: number | null;
  quality: number | null;
  weight: number;
  valid_from: number;
  blocked: boolean;
  line: number;
}

interface LedgerTable {
  account: string;
  kind: string;
  amount: ColumnType<string, string | number, never>;
  messages: Generated<number>;
  at: Generated<Date>;
  until: Date | null;
  by: string | null;
  note: string | null;
}

interface ChannelAddressTable {
  channel: string;
  at: Date;
  address: string;
}

interface ApiKeyTable {
  id: string;
  account: string;
  name: string;
  sha256: string;
  scopes: string[];
  allow_from: string;
  created_at: Date;
  expires_at: Date | null;
  by: string;
}

interface IdempotencyTable {
  account: string;
  key: string;
  body_sha256: string;
  ids: string[];
  answer: string | null;
  at: Date;
}

interface HttpBatchTable {
  id: string;
  account: string;
  items: string;
  at: Date;
}

export interface WebhookTable {
  id: string;
  account: string;
  url: string;
  form: "post" | "get" | "callback";
  events: string[];
  channels: string[];
  secrets: string;
  disabled: string | null;
  created_at: Date;
}

interface WebhookCallTable {
  id: string;
  webhook: string;
  subject: string;
  event: string;
  url: Generated<string>;
  payload: string;
  at: Date;
  due: Date;
  tries: number;
  dead_at: Date | null;
  reason: string | null;
}

interface BatchTable {
  id: string;
  at: Generated<Date>;
}

interface GatewayTable {
  only_row: Generated<boolean>;
  start_id: string;
  host: string;
  pid: number;
  since: Date;
}

interface LedgerDayTable {
  day: Date;
  account: string;
  channel: string;
  route: string;
  parts: number;
  price: string;
  messages: number;
  held: string;
  committed: string;
  refunded: string;
}
