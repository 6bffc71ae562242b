import type { Bus } from "../bus/bus.ts";
import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { ForwardAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { BindEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { ChannelView, SessionView } from "../model/view.ts";
import type { Store } from "../store/store.ts";
import type { Engine, EngineOptions } from "../trigger/engine.ts";
import { bindAnswerer } from "./bind.ts";
import { messageAnswerer } from "./receive.ts";
import { createRefusals } from "./refusals.ts";
import { createFinisher, type SendRow } from "./finish.ts";
import { startLater } from "./later.ts";
import { createMatcher } from "./match.ts";
import { queueName } from "./queue-name.ts";
import { createReports, type Reports } from "./report.ts";
import { createSender } from "./send.ts";
import { createSentMemory } from "./sent-memory.ts";
import { createStatusDecider, type Following, type StatusDecider } from "./status.ts";

/** Rows that one channel's queues may hold; above, messages for it are refused with `queue_full`. */
export const queueRowsMax = 1_000_000;

export interface GatewayParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

/** Brings channels, triggers and the store together: one file of this folder per event. */
export interface Gateway {
  /** What scripts may ask of us; handed to the trigger engine. */
  readonly calls: EngineOptions["calls"];
  /** Answers events from now on. Before it, an event is a fault of ours. */
  attach(engine: Engine, channels: ReadonlyMap<string, Channel>): void;
  /** A channel can take more. */
  ready(channel: string): void;
  /** Starts sending what an earlier start left. */
  takeUp(): Promise<void>;
  channels(): ChannelView[];
  sessions(): SessionView[];
  triggers(): ReturnType<Engine["list"]>;
  /** Resolves when nothing is with a peer and every result is committed. */
  settled(): Promise<void>;
  /** Hands over nothing new and settles when the results of what is under way are committed. */
  drain(): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const { bus, store, clock, log, newId } = parts;
  const worthStoring = createRefusals(clock, log);
  const notes = new WeakMap<BindEvent, TraceLine[]>();
  let channels: ReadonlyMap<string, Channel> = new Map();
  let engine: Engine | undefined;
  let reports: Reports | undefined;
  const { writer, queue } = store;
  const memory = createSentMemory();
  let status: StatusDecider | undefined;
  let later: { stop(): Promise<void> } | undefined;
  const sender = createSender({
    writer,
    queue,
    clock,
    log,
    channel: (name) => channels.get(name),
    memory,
    finisher: createFinisher({ writer, clock, ended }),
  });

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
    attach(given, opened) {
      engine = given;
      channels = opened;
      const takeNotes = (event: BindEvent): readonly TraceLine[] => notes.get(event) ?? [];
      bus.answer("bind", bindAnswerer({ engine, writer, clock, log, worthStoring, takeNotes }));
      const offer = sender.offer;
      const receive = { engine, writer, clock, log, newId, worthStoring, queueFor, offer };
      bus.answer("message", messageAnswerer(receive));
      status = createStatusDecider({ engine, clock, newId });
      const matcher = createMatcher({ memory, table: store.reports, groupOf, channelsOf });
      reports = createReports({ engine, writer, matcher, status, clock, log, newId, offer });
      bus.answer("report", reports.answer);
    },
    ready: (channel) => sender.ready(channel),
    async takeUp() {
      await sender.takeUp();
      if (reports === undefined || status === undefined) return;
      const { offer } = sender;
      const table = store.reports;
      const parts = { writer, queue, table, reports, status, clock, log, newId, offer };
      later = startLater({ ...parts, reportWaits });
    },
    channels: () =>
      [...channels.values()].map((channel) => ({
        ...channel.view(),
        ...sender.counts(channel.name),
      })),
    sessions: () => [...channels.values()].flatMap((channel) => channel.sessions()),
    triggers: () => engine?.list() ?? [],
    settled: () => sender.settled(),
    async drain() {
      await later?.stop();
      await sender.drain();
    },
  };

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

  function groupOf(channel: string): string {
    return channels.get(channel)?.group ?? channel;
  }

  function channelsOf(group: string): string[] {
    return [...channels.values()].filter((one) => one.group === group).map(({ name }) => name);
  }

  function reportWaits(): { channel: string; waitMs: number }[] {
    return [...channels.values()].flatMap(({ name, reportWaitMs }) =>
      reportWaitMs === undefined ? [] : [{ channel: name, waitMs: reportWaitMs }],
    );
  }

  function queueFor(forward: ForwardAction): { queue: string } | { code: ErrorCode } {
    const channel = channels.get(forward.channel);
    if (channel === undefined) return { code: "unknown_channel" };
    if (sender.counts(forward.channel).queued >= queueRowsMax) return { code: "queue_full" };
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
