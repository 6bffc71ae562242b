import type { Bus } from "../bus/bus.ts";
import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { BindEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Announcer } from "../model/webhook.ts";
import type { OptOutSettings } from "../route/opt-out-settings.ts";
import type { Codings } from "../sms/data-coding.ts";
import type { Store } from "../store/store.ts";
import type { Engine } from "../trigger/engine.ts";
import { withAcceptAny } from "./accept-any.ts";
import { alertAnswerer } from "./alert.ts";
import { bindAnswerer } from "./bind.ts";
import type { Concluding } from "./concluding.ts";
import { createCustomerOperations } from "./customer-operations.ts";
import type { Flow } from "./flow.ts";
import { withFileAccounts } from "./filed-binds.ts";
import { gated } from "./gate.ts";
import type { IdBases } from "./id-base.ts";
import { inTime } from "./in-time.ts";
import type { Inbound } from "./inbound.ts";
import { type Join, createJoin } from "./join.ts";
import { createMaker } from "./make.ts";
import { createMatcher } from "./match.ts";
import { meteredBinds, meteredMessages } from "./metered.ts";
import { type Notices, createNotices } from "./notice.ts";
import type { OnItsWay } from "./on-its-way.ts";
import type { Operations } from "./operations.ts";
import { withOptOuts } from "./opt-out-gate.ts";
import type { OptOuts } from "./opt-outs.ts";
import type { OwnChanges } from "./own-changes.ts";
import type { PartTally } from "./part-tally.ts";
import type { QueueFor } from "./queue-for.ts";
import { messageAnswerer } from "./receive.ts";
import { replacingIfPresent } from "./replace-if-present.ts";
import { placedWriter } from "./placing.ts";
import { createReplace } from "./replace.ts";
import { type ReportParts, type Reports, createReports } from "./report.ts";
import { type RoutedBy, routed } from "./routing.ts";
import { type Schedules, createSchedules } from "./schedules.ts";
import type { Sender } from "./send.ts";
import type { SentMemory } from "./sent-memory.ts";
import { type StatusDecider, createStatusDecider } from "./status.ts";
import type { Transactions } from "./transaction.ts";

export interface AnsweringParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly meter: Meter;
  readonly announce: Announcer;
  readonly inbound: Inbound;
  readonly optOuts: OptOuts;
  readonly optOutSettings: () => OptOutSettings | undefined;
  readonly engine: Engine;
  readonly flow: Flow;
  readonly worthStoring: (subject: string) => boolean;
  /** What else was done for the scripts of this bind. */
  readonly takeNotes: (event: BindEvent) => readonly TraceLine[];
  readonly note: (event: BindEvent, facts: TraceLine["facts"]) => void;
  readonly sender: Sender;
  readonly queueFor: QueueFor;
  readonly asking: RoutedBy;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly memory: SentMemory;
  readonly onItsWay: OnItsWay;
  readonly concluding: Concluding;
  readonly tally: PartTally;
  readonly bases: IdBases;
  readonly channels: () => ReadonlyMap<string, Channel>;
  readonly codingsOn: (channel: string) => Codings | undefined;
  readonly tlvsOn: (channel: string) => ChannelTlvs | undefined;
  readonly groupOf: (channel: string) => string;
  readonly channelsOf: (group: string) => string[];
  /** Are customers handed reports there? */
  readonly takesReports: (channel: string) => boolean;
  readonly changes: OwnChanges;
}

/** What goes on working for events after their answers. */
export interface Answering {
  readonly status: StatusDecider;
  readonly join: Join;
  readonly reports: Reports;
  readonly notices: Notices;
  readonly schedules: Schedules;
}

/** Hands each kind of event to the file of this folder that answers it. Called once. */
export function answerEvents(parts: AnsweringParts): Answering {
  const { bus, store, inbound, clock, log, newId, meter, engine, worthStoring } = parts;
  const { sender, queueFor, transactions, operations, codingsOn, tlvsOn, tally } = parts;
  const { writer, queue } = store;
  const channel = (name: string): Channel | undefined => parts.channels().get(name);

  const { takeNotes } = parts;
  const { admission } = parts.flow;
  const filed = withFileAccounts({ engine, accounts: store.accounts, note: parts.note });
  const noting = { writer, clock, log, worthStoring, takeNotes, admission };
  const bind = bindAnswerer({ ...noting, engine: withAcceptAny(filed, channel) });
  bus.answer("bind", meteredBinds(bind, meter));
  const offer = sender.offer;
  const make = createMaker({ clock, newId, queueFor, tlvsOn });
  const { isDiskLow } = store;
  const placed = placedWriter(writer, sender);
  const deciding = { engine, writer: placed, clock, log, newId, make, isDiskLow, offer };
  const route: Parameters<typeof messageAnswerer>[0]["route"] = (event, action, account) =>
    routed(event, action, account, parts.asking);
  const refundsOf = (account: string) => store.accounts.optionsOf(account).refunds;
  const { announce } = parts;
  const asked = { announce, worthStoring, queueFor, route, tlvsOn, refundsOf };
  const guarded = { ...deciding, engine: withAcceptAny(withOptOuts(parts), channel) };
  const receive = { ...guarded, ...asked, channel, transactions };
  const status = createStatusDecider({
    engine,
    make,
    announce,
    clock,
    newId,
    optionsOf: store.accounts.optionsOf,
    hears: transactions.hears,
    codingsOn,
    tlvsOn,
    takesReports: parts.takesReports,
  });
  const replace = createReplace({ ...receive, store, sender, codingsOn });
  const own = { own: store.ownMessages, cancel: operations.cancel, replace, log };
  bus.answer("operation", createCustomerOperations(own));
  const { ownerOf } = inbound;
  bus.answer("alert", alertAnswerer({ ownerOf, channels: () => parts.channels().values(), log }));
  const join = createJoin({
    ...deciding,
    receive: replacingIfPresent(messageAnswerer(receive), own),
    queue,
    channel,
    status,
  });
  const answer = gated(parts.flow.gate, join.answer);
  bus.answer("message", meteredMessages(inTime(answer, clock), { meter, clock }));
  const matcher = createMatcher({
    memory: parts.memory,
    table: store.reports,
    onItsWay: parts.onItsWay,
    concluding: parts.concluding,
    bases: parts.bases,
    groupOf: parts.groupOf,
    channelsOf: parts.channelsOf,
  });
  const ended: ReportParts["ended"] = ({ message, original }, state, error) => {
    transactions.ended(message.id, state, error, true);
    parts.changes.ended(message, original, state, error);
  };
  const reports = createReports({ ...deciding, matcher, tally, status, meter, ended });
  bus.answer("report", reports.answer);
  const notices = createNotices({ engine, writer, make, announce, clock, log, newId, offer });
  bus.answer("channel", notices.channel);
  bus.answer("session", notices.session);
  const tell = notices.account;
  store.onLowBalance((low) => tell({ id: newId(), ...low, what: "low", atMs: clock.nowMs() }));
  const { schedules: table } = store;
  const schedules = createSchedules({ engine, table, notices, writer, clock, log, newId });
  return { status, join, reports, notices, schedules };
}
