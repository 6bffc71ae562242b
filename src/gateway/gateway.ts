import type { Bus } from "../bus/bus.ts";
import type { Channel, OwnView } from "../channel/channel.ts";
import type { CustomerDesk } from "../channel/customer-desk.ts";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { BindEvent, ChannelEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import { type Meter, silentMeter } from "../model/meter.ts";
import type { Status } from "../model/status.ts";
import type { ChannelView, SessionView, UnmatchedReportView } from "../model/view.ts";
import type { UnmatchedReport } from "../store/queue.ts";
import type { OptOutSettings } from "../route/opt-out-settings.ts";
import type { Codings } from "../sms/data-coding.ts";
import { type Announcer, type Callbacks, silentAnnouncer } from "../model/webhook.ts";
import type { Store } from "../store/store.ts";
import type { Engine, EngineOptions } from "../trigger/engine.ts";
import { createAccountCalls } from "./account-calls.ts";
import { type Answering, answerEvents } from "./answering.ts";
import { createBindNotes } from "./bind-notes.ts";
import { createRefusals } from "./refusals.ts";
import { type Erase, createErase } from "./erase.ts";
import { asksReport, createFinisher, type SendRow } from "./finish.ts";
import { createConcluding } from "./concluding.ts";
import { createDue } from "./due.ts";
import { createCustomerDesk } from "./customer-desk.ts";
import { createChannelFacts } from "./channel-facts.ts";
import type { DryRuns } from "./dry-runs.ts";
import { createFlow } from "./flow.ts";
import { createHolds, type Holds } from "./holds.ts";
import { createIdBases } from "./id-base.ts";
import { type Inbound, ownerFor } from "./inbound.ts";
import { startLater } from "./later.ts";
import { meterEnd } from "./metered.ts";
import { createOwnChanges } from "./own-changes.ts";
import { createOnItsWay } from "./on-its-way.ts";
import { createOperations, type Operations } from "./operations.ts";
import type { OptOuts } from "./opt-outs.ts";
import { type Policies, backupQueues, createPolicies } from "./policies.ts";
import { createPartTally } from "./part-tally.ts";
import { createOutdatedOf } from "./outdated.ts";
import { queueForOf } from "./queue-for.ts";
import { type GatewayReadings, readingsOf } from "./readings.ts";
import { eventReader, type ReadEvents } from "./replay.ts";
import { createRehearse } from "./rehearse.ts";
import { type Rematch, createRematch } from "./rematch.ts";
import { type Routing, createRouting } from "./routing.ts";
import { routeCalls } from "./route-calls.ts";
import { createSender } from "./send.ts";
import { createSentMemory } from "./sent-memory.ts";
import type { Following } from "./status.ts";
import { createTransactions } from "./transaction.ts";
import { explained } from "./unmatched.ts";

export interface GatewayParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly meter?: Meter;
  readonly inbound: Inbound;
  readonly optOuts: OptOuts;
  /** STOP and START of people; undefined: no text is looked at. */
  readonly optOutSettings: () => OptOutSettings | undefined;
  /** Answers what customers ask of triggers without sending. */
  readonly dryRuns: Pick<DryRuns, "run">;
  readonly announce?: Announcer;
  readonly callbacks: Callbacks;
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
  /** Where messages go that name no channel. */
  readonly routing: Routing;
  /** What is done with messages that a channel does not get rid of. */
  readonly failurePolicies: Policies;
  /** Erases what is kept about a number. */
  readonly erase: Erase;
  /** What channels may ask about customers. */
  readonly customers: CustomerDesk;
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
  /** Sessions of customers; a provider's have the system_id that we bound with. */
  customerSessions(): SessionView[];
  /** Ends all of one customer's; gives how many they were. */
  endSessions(account: string): number;
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
  const { bus, store, inbound, clock, log, newId, meter = silentMeter } = parts;
  const { announce = silentAnnouncer } = parts;
  const worthStoring = createRefusals(clock, log);
  const { note, take: takeNotes } = createBindNotes(clock);
  let channels: ReadonlyMap<string, Channel> = new Map();
  let switchedOff: () => readonly OwnView[] = () => [];
  let engine: Engine | undefined;
  let answering: Answering | undefined;
  const { writer, queue } = store;
  const facts = createChannelFacts(() => channels);
  const { tlvsOn, codingsOn, groupOf, channelsOf, reportWaits, takesReports } = facts;
  const flow = createFlow({ store, channels: () => channels, clock, log, worthStoring });
  const memory = createSentMemory();
  const changes = createOwnChanges(clock.nowMs);
  bus.watch("message", changes.answered);
  const onItsWay = createOnItsWay();
  const concluding = createConcluding();
  const tally = createPartTally(store.reports);
  const bases = createIdBases({ setFor: facts.idBaseSetFor, keep: store.idBases.put, log });
  let later: { stop(): Promise<void> } | undefined;
  const policies = createPolicies();
  const holds = createHolds({
    table: store.holds,
    channel: known,
    drainMs: parts.drainMs,
    onResumed(name) {
      sender.stops.lift(name);
      sender.ready(name);
    },
    changed(name, what, by) {
      tellHold(name, what, by);
      // What is marked ahead goes back, also while the provider answers nothing.
      sender.ready(name);
    },
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
    finisher: createFinisher({ writer, clock, ended, announce }),
    finished(row, end) {
      const { id, message, original } = row;
      const { status: state, error } = end;
      meterEnd(row, end, meter);
      transactions.ended(id, state, error, asksReport(message));
      changes.ended(message, original, state, error);
    },
    startId: store.startId,
    failures: { policyOf: policies.of, backupQueue: (backup) => backupQueueOf(backup), newId },
    optOuts: parts.optOuts,
    due: createDue({ writer, clock, log }),
  });
  const transactions = createTransactions({ store, writer, sender, clock, log });
  const channel = (name: string): Channel | undefined => channels.get(name);
  const queueFor = queueForOf({ channel, queued: (name) => sender.counts(name).queued });
  const routes = {
    channel,
    held: (name: string) => holds.of(name) !== undefined,
    stopped: (name: string) => isLeftAlone(name),
    routeOf: (account: string) => store.accounts.optionsOf(account).route,
    now: clock.nowMs,
  };
  const routing = createRouting(routes);
  const asking = { ...routes, ...routing, queueFor };
  const backupQueueOf = backupQueues(routing, queueFor);
  const rehearse = createRehearse({ ...parts, ...flow, asking });
  const operations = createOperations({
    store,
    sender,
    clock,
    newId,
    channel: known,
    channels: () => channels,
  });

  return {
    calls: {
      ...createAccountCalls(store.accounts, note),
      "accounts.byNumber": ownerFor(inbound),
      ...routeCalls(asking),
    },
    routing,
    failurePolicies: policies,
    note,
    attach(given, opened, off = () => []) {
      engine = given;
      channels = opened;
      switchedOff = off;
      answering = answerEvents({
        ...parts,
        meter,
        announce,
        engine,
        flow,
        worthStoring,
        takeNotes,
        note,
        sender,
        queueFor,
        asking,
        transactions,
        operations,
        memory,
        onItsWay,
        concluding,
        tally,
        bases,
        channels: () => channels,
        codingsOn,
        tlvsOn,
        groupOf,
        channelsOf,
        takesReports,
        changes,
      });
    },
    holds,
    operations,
    erase: createErase({ store, sender, memory, clock, newId }),
    customers: createCustomerDesk({ ...parts, ...flow, changes, rehearse }),
    ready: (channel) => sender.ready(channel),
    gone: (session) => flow.admission.gone(session),
    async takeUp() {
      bases.recall(await store.idBases.all());
      await sender.takeUp();
      for (const name of channels.keys()) {
        const { held = "resumed", by = "" } = holds.of(name) ?? {};
        tellHold(name, held, by);
      }
      await answering?.join.takeUp();
      await flow.recall();
      if (answering === undefined) return;
      const { reports, status, notices, schedules } = answering;
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
        ended: changes.ended,
      };
      later = startLater({ ...parts, reportWaits });
      schedules.start();
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
    customerSessions,
    endSessions(account) {
      const ended = customerSessions().filter((session) => session.account === account);
      for (const { id, channel } of ended) channels.get(channel)?.kick(id);
      return ended.length;
    },
    unmatched: (rows) => {
      const providers = () =>
        [...channels.values()].filter(({ taken }) => taken === "SENT").map(({ name }) => name);
      const { reports: found, unmatched: table } = store;
      return explained(rows, { table, reports: found, groupOf, channels: providers });
    },
    rematch(ids) {
      if (answering === undefined) throw new GatewayError("overloaded", "The gateway starts.");
      const { unmatched: table } = store;
      const { reports } = answering;
      return createRematch({ table, reports, writer, clock, newId })(ids);
    },
    triggers: () => engine?.list() ?? [],
    events: () => eventReader({ codingsOn, tlvsOn, triggers: engine?.list() ?? [] }),
    readings: () => readingsOf(channels, engine),
    settled: () => sender.settled(),
    async drain() {
      const { notices, schedules, join } = answering ?? {};
      const asking = [later?.stop(), notices?.stop(), schedules?.stop()];
      await Promise.all([...asking, join?.stop(), transactions.stop()]);
      await sender.drain();
    },
  };

  function customerSessions(): SessionView[] {
    return [...channels.values()].flatMap((channel) =>
      channel.view().type === "smpp-server" ? channel.sessions() : [],
    );
  }

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
    return { ...view, ...queues, held, stopped: sender.stops.view(name), idBase };
  }

  /** Half open, the next message shows whether it works again. A customer's pause is nobody else's. */
  function isLeftAlone(name: string): boolean {
    const stop = sender.stops.view(name);
    return stop !== undefined && stop.queue === name && stop.what !== "halfOpen";
  }

  /** The triggers of a status are asked only where there is somebody who sent the message. */
  async function ended(
    { id, message, original }: SendRow,
    state: Status,
    error: string | undefined,
  ): Promise<Following> {
    const sent = original === undefined ? await store.reports.sentOf(id) : { message, original };
    const status = answering?.status;
    if (sent === undefined || status === undefined)
      return { lines: [], tell: [], later: undefined };
    const event = { id: newId(), atMs: clock.nowMs(), sent, status: state, error };
    return status.inline({ ...event, report: undefined });
  }
}
