import type { Bus } from "../bus/bus.ts";
import type { Channel, OwnView } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { ForwardAction } from "../model/decision.ts";
import { type ErrorCode, GatewayError } from "../model/error.ts";
import type { BindEvent, ChannelEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import { type Meter, silentMeter } from "../model/meter.ts";
import type { IdBase } from "../model/provider-id.ts";
import type { Status } from "../model/status.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { ChannelView, SessionView, UnmatchedReportView } from "../model/view.ts";
import type { UnmatchedReport } from "../store/queue.ts";
import type { Codings } from "../sms/data-coding.ts";
import { type Announcer, silentAnnouncer } from "../model/webhook.ts";
import type { Store } from "../store/store.ts";
import type { Engine, EngineOptions } from "../trigger/engine.ts";
import { alertAnswerer } from "./alert.ts";
import { bindAnswerer } from "./bind.ts";
import { messageAnswerer } from "./receive.ts";
import { createRefusals } from "./refusals.ts";
import { type Erase, createErase } from "./erase.ts";
import { asksReport, createFinisher, type SendRow } from "./finish.ts";
import { createCustomerOperations } from "./customer-operations.ts";
import { createConcluding } from "./concluding.ts";
import { gated } from "./gate.ts";
import { createFlow } from "./flow.ts";
import { createHolds, type Holds } from "./holds.ts";
import { createIdBases } from "./id-base.ts";
import { type Join, createJoin } from "./join.ts";
import { startLater } from "./later.ts";
import { createMaker } from "./make.ts";
import { createMatcher } from "./match.ts";
import { meteredBinds, meteredFinisher, meteredMessages } from "./metered.ts";
import { type Notices, createNotices } from "./notice.ts";
import { createOnItsWay } from "./on-its-way.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createPartTally } from "./part-tally.ts";
import { createOutdatedOf } from "./outdated.ts";
import { queueName } from "./queue-name.ts";
import { type GatewayReadings, readingsOf } from "./readings.ts";
import { eventReader, type ReadEvents } from "./replay.ts";
import { createReplace } from "./replace.ts";
import { type Schedules, createSchedules } from "./schedules.ts";
import { replacingIfPresent } from "./replace-if-present.ts";
import { type Rematch, createRematch } from "./rematch.ts";
import { createReports, type Reports } from "./report.ts";
import { createSender } from "./send.ts";
import { createSentMemory } from "./sent-memory.ts";
import { createStatusDecider, type Following, type StatusDecider } from "./status.ts";
import { createTransactions } from "./transaction.ts";
import { explained } from "./unmatched.ts";
import { queueRowsMax } from "./queues.ts";

export interface GatewayParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly meter?: Meter;
  readonly announce?: Announcer;
  /** At a stop, and when a channel is drained, answers of peers are waited for so long. */
  readonly drainMs: number;
}

/** Brings channels, triggers and the store together: one file of this folder per event. */
export interface Gateway {
  /** What scripts may ask of us; handed to the trigger engine. */
  readonly calls: EngineOptions["calls"];
  /** A line for the trace of this bind: what somebody else did for its scripts, without secrets. */
  note(event: BindEvent, facts: TraceLine["facts"]): void;
  /** Answers events from now on. Before it, an event is a fault of ours. */
  attach(
    engine: Engine,
    channels: ReadonlyMap<string, Channel>,
    /** Those that are switched off: listed, and nothing else. */
    off?: () => readonly OwnView[],
  ): void;
  /** What operators hold; to be read before the channels are opened. */
  readonly holds: Holds;
  /** What operators do to what waits, and to messages. */
  readonly operations: Operations;
  /** Erases what is kept about a number. */
  readonly erase: Erase;
  /** A channel can take more. */
  ready(channel: string): void;
  /** A connection of a customer has ended. */
  gone(session: string): void;
  /** Starts sending what an earlier start left. */
  takeUp(): Promise<void>;
  channels(): ChannelView[];
  /** One of them; rejects with `unknown_channel`. */
  channel(name: string): ChannelView;
  sessions(): SessionView[];
  /** What the peer of a channel means by a data_coding where that departs from the specification. */
  codingsOn(channel: string): Codings | undefined;
  /** Channels that get reports, with how long one may take to come. */
  reportWaits(): { readonly channel: string; readonly waitMs: number }[];
  /** Ends a session; false when there is none of that id. */
  kick(session: string): boolean;
  /** What these reports may be about that match nothing, and why they do not. */
  unmatched(rows: readonly UnmatchedReport[]): Promise<UnmatchedReportView[]>;
  rematch: Rematch;
  triggers(): ReturnType<Engine["list"]>;
  /** Reads what is stored as the events that triggers were asked about. */
  events(): ReadEvents;
  readings(): GatewayReadings;
  /** Resolves when nothing is with a peer and every result is committed. */
  settled(): Promise<void>;
  /** Hands over nothing new and settles when the results of what is under way are committed. */
  drain(): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const { bus, store, clock, log, newId, meter = silentMeter } = parts;
  const { announce = silentAnnouncer } = parts;
  const worthStoring = createRefusals(clock, log);
  const notes = new WeakMap<BindEvent, TraceLine[]>();
  let channels: ReadonlyMap<string, Channel> = new Map();
  let switchedOff: () => readonly OwnView[] = () => [];
  let engine: Engine | undefined;
  let reports: Reports | undefined;
  const { writer, queue } = store;
  const flow = createFlow({ store, channels: () => channels, clock, log, worthStoring });
  const memory = createSentMemory();
  const onItsWay = createOnItsWay();
  const concluding = createConcluding();
  const tally = createPartTally(store.reports);
  const bases = createIdBases({ setFor: idBaseSetFor, keep: store.idBases.put, log });
  let status: StatusDecider | undefined;
  let notices: Notices | undefined;
  let schedules: Schedules | undefined;
  let join: Join | undefined;
  let later: { stop(): Promise<void> } | undefined;
  const holds = createHolds({
    table: store.holds,
    channel: known,
    drainMs: parts.drainMs,
    onResumed: (name) => sender.ready(name),
    changed: tellHold,
  });
  const sender = createSender({
    writer,
    queue,
    clock,
    log,
    channel: (name) => channels.get(name),
    held: (name) => holds.of(name) !== undefined,
    outdated: createOutdatedOf(queue, log),
    memory,
    onItsWay,
    tally,
    meter,
    finisher: meteredFinisher(createFinisher({ writer, clock, ended, announce }), meter),
    finished: ({ id, message }, { status: state, error }) =>
      transactions.ended(id, state, error, asksReport(message)),
    startId: store.startId,
    due,
  });
  const transactions = createTransactions({ store, writer, sender, clock, log });
  const operations = createOperations({ store, sender, clock, newId, channel: known });

  return {
    calls: {
      "accounts.verify": async (_args, request) => {
        if (request.kind !== "bind") return { ok: false, reason: "bind_refused" };
        const { event } = request;
        const found = await store.accounts.verify(event.systemId, event.password);
        const result = found.ok ? "matched" : found.reason;
        note(event, { call: "accounts.verify", result });
        return found;
      },
      "accounts.byNumber": async ([number]) =>
        typeof number === "string" ? store.accounts.byNumber(number) : undefined,
    },
    note,
    attach(given, opened, off = () => []) {
      engine = given;
      channels = opened;
      switchedOff = off;
      const takeNotes = (event: BindEvent): readonly TraceLine[] => notes.get(event) ?? [];
      const { admission } = flow;
      const bind = bindAnswerer({ engine, writer, clock, log, worthStoring, takeNotes, admission });
      bus.answer("bind", meteredBinds(bind, meter));
      const offer = sender.offer;
      const make = createMaker({ clock, newId, queueFor, tlvsOn });
      const { isDiskLow } = store;
      const deciding = { engine, writer, clock, log, newId, make, isDiskLow, offer };
      const channel = (name: string): Channel | undefined => channels.get(name);
      const hearing = { announce, transactions };
      const receive = { ...deciding, ...hearing, worthStoring, queueFor, tlvsOn, channel };
      status = createStatusDecider({
        engine,
        make,
        announce,
        clock,
        newId,
        optionsOf: store.accounts.optionsOf,
        hears: transactions.hears,
        codingsOn,
        tlvsOn,
      });
      const replace = createReplace({ ...receive, store, sender, codingsOn });
      const own = { own: store.ownMessages, cancel: operations.cancel, replace, log };
      bus.answer("operation", createCustomerOperations(own));
      const ownerOf = (number: string) => store.accounts.byNumber(number);
      bus.answer("alert", alertAnswerer({ ownerOf, channels: () => channels.values(), log }));
      join = createJoin({
        ...deciding,
        receive: replacingIfPresent(messageAnswerer(receive), own),
        queue,
        channel: (name) => channels.get(name),
        status,
      });
      const answer = gated(flow.gate, join.answer);
      bus.answer("message", meteredMessages(answer, { meter, clock }));
      const matcher = createMatcher({
        memory,
        table: store.reports,
        onItsWay,
        concluding,
        bases,
        groupOf,
        channelsOf,
      });
      const ended = (id: string, state: Status, error: string | undefined): void =>
        transactions.ended(id, state, error, true);
      reports = createReports({ ...deciding, matcher, tally, status, meter, ended });
      bus.answer("report", reports.answer);
      notices = createNotices({ engine, writer, make, announce, clock, log, newId, offer });
      bus.answer("channel", notices.channel);
      bus.answer("session", notices.session);
      const { schedules: table } = store;
      schedules = createSchedules({ engine, table, notices, writer, clock, log, newId });
    },
    holds,
    operations,
    erase: createErase({ store, sender, memory, clock, newId }),
    ready: (channel) => sender.ready(channel),
    gone: (session) => flow.admission.gone(session),
    async takeUp() {
      bases.recall(await store.idBases.all());
      await sender.takeUp();
      for (const name of channels.keys()) {
        const { held = "resumed", by = "" } = holds.of(name) ?? {};
        tellHold(name, held, by);
      }
      await join?.takeUp();
      await flow.recall();
      if (reports === undefined || status === undefined || notices === undefined) return;
      const { offer } = sender;
      const table = store.reports;
      const parts = {
        writer,
        queue,
        table,
        reports,
        status,
        concluding,
        tally,
        memory,
        notices,
        clock,
        log,
        meter,
        newId,
        offer,
      };
      later = startLater({ ...parts, reportWaits });
      schedules?.start();
    },
    channels: () => [
      ...[...channels.values()].map((channel) => viewOf(channel.view(), channel)),
      ...switchedOff().map((view) => viewOf(view, undefined)),
    ],
    channel(name) {
      const channel = known(name);
      return viewOf(channel.view(), channel);
    },
    codingsOn,
    sessions: () => [...channels.values()].flatMap((channel) => channel.sessions()),
    reportWaits,
    kick: (session) => [...channels.values()].some((channel) => channel.kick(session)),
    unmatched: (rows) => {
      const providers = () =>
        [...channels.values()].filter(({ taken }) => taken === "SENT").map(({ name }) => name);
      const { reports: found, unmatched: table } = store;
      return explained(rows, { table, reports: found, groupOf, channels: providers });
    },
    rematch(ids) {
      if (reports === undefined) throw new GatewayError("overloaded", "The gateway starts.");
      const { unmatched: table } = store;
      return createRematch({ table, reports, writer, clock, newId })(ids);
    },
    triggers: () => engine?.list() ?? [],
    events: () => eventReader({ codingsOn, tlvsOn, triggers: engine?.list() ?? [] }),
    readings: () => readingsOf(channels, engine),
    settled: () => sender.settled(),
    async drain() {
      const asking = [later?.stop(), notices?.stop(), schedules?.stop()];
      await Promise.all([...asking, join?.stop(), transactions.stop()]);
      await sender.drain();
    },
  };

  function known(name: string): Channel {
    const channel = channels.get(name);
    if (channel !== undefined) return channel;
    throw new GatewayError("unknown_channel", `There is no channel ${name}, or it is not enabled.`);
  }

  function tellHold(channel: string, what: ChannelEvent["what"], by: string): void {
    const event = { channel, atMs: clock.nowMs(), what, reason: by };
    bus.emit("channel", event).catch((cause: unknown) => {
      log.error({ channel, what, err: cause }, "failed on our side");
    });
  }

  function viewOf(view: OwnView, channel: Channel | undefined): ChannelView {
    const { name } = view;
    const held = holds.of(name)?.held;
    const queues = { ...sender.counts(name), oldestDueMs: sender.oldestDueMs(name) };
    const idBase = channel?.taken === "SENT" ? bases.known(channel.group) : undefined;
    return { ...view, ...queues, held, idBase };
  }

  /** The triggers of a status are asked only where there is somebody who sent the message. */
  async function ended(
    { id, message, original }: SendRow,
    state: Status,
    error: string | undefined,
  ): Promise<Following> {
    const sent = original === undefined ? await store.reports.sentOf(id) : { message, original };
    if (sent === undefined || status === undefined)
      return { lines: [], tell: [], later: undefined };
    const event = { id: newId(), atMs: clock.nowMs(), sent, status: state, error };
    return status.inline({ ...event, report: undefined });
  }

  /** A scheduled message goes into the queue, as far as anybody sees; it is in the table already. */
  function due({ id, message: { root } }: SendRow): void {
    const atMs = clock.nowMs();
    const lines: TraceLine[] = [{ at: atMs, what: "due", facts: { message: id } }];
    const nothing = { error: undefined, tell: [], later: undefined, done: undefined };
    writer
      .conclude({ ...nothing, id, root, status: "QUEUED", atMs, lines })
      .catch((cause: unknown) => log.error({ message: id, err: cause }, "not marked as due"));
  }

  function tlvsOn(channel: string): ChannelTlvs | undefined {
    return channels.get(channel)?.tlvs;
  }

  function codingsOn(channel: string): Codings | undefined {
    return channels.get(channel)?.codings;
  }

  function groupOf(channel: string): string {
    return channels.get(channel)?.group ?? channel;
  }

  function channelsOf(group: string): string[] {
    return [...channels.values()].filter((one) => one.group === group).map(({ name }) => name);
  }

  /** Channels of one group lead to one provider, so what one of them says holds for all. */
  function idBaseSetFor(group: string): IdBase | undefined {
    for (const one of channels.values())
      if (one.group === group && one.idBase !== undefined) return one.idBase;
    return undefined;
  }

  function reportWaits(): { channel: string; waitMs: number }[] {
    return [...channels.values()].flatMap(({ name, reportWaitMs }) =>
      reportWaitMs === undefined ? [] : [{ channel: name, waitMs: reportWaitMs }],
    );
  }

  function queueFor(
    forward: Pick<ForwardAction, "channel" | "account">,
  ): { queue: string } | { code: ErrorCode } {
    const channel = channels.get(forward.channel);
    if (channel === undefined) return { code: "unknown_channel" };
    const { queueMax = queueRowsMax } = channel;
    if (sender.counts(forward.channel).queued >= queueMax) return { code: "queue_full" };
    // Where customers bind, each account has a queue of its own: one who is away delays nobody.
    if (channel.taken === "SENT") return { queue: queueName(forward.channel, undefined) };
    if (forward.account === undefined) return { code: "unknown_account" };
    return { queue: queueName(forward.channel, forward.account) };
  }

  function note(event: BindEvent, facts: TraceLine["facts"]): void {
    const lines = notes.get(event) ?? [];
    lines.push({ at: clock.nowMs(), what: "call", facts });
    notes.set(event, lines);
  }
}
