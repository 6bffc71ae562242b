import type { Clock } from "../model/clock.ts";
import type { ChannelChange } from "../model/channel-change.ts";
import type {
  AccountEvent,
  ChannelEvent,
  Notice,
  NoticeAnswer,
  SessionEvent,
} from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Announcer } from "../model/webhook.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { Message } from "../model/message.ts";
import type { Engine } from "../trigger/engine.ts";
import { forMsUsual } from "../trigger/limits.ts";
import { type Maker, type Makings, offerMade } from "./make.ts";
import { type Settling, createSettling } from "./settling.ts";

/**
 * Notices that are being decided or written. A listener whose sessions all flap tells more than
 * triggers can keep up with; what is above is counted in one line of the log.
 */
export const noticesOpenMax = 1_000;

/** Notices that no trigger could decide and that wait to be tried again; above, likewise. */
export const noticesKeptMax = 5_000;

/** How often the log tells of notices that nobody was told of. */
const droppedLineMs = 10_000;

const noted: NoticeAnswer = { kind: "noted" };

export interface NoticeParts {
  readonly engine: Pick<Engine, "decide" | "wants" | "waitsFor">;
  readonly writer: Pick<Writer, "conclude" | "hold" | "hook">;
  readonly make: Maker;
  readonly announce?: Pick<Announcer, "session">;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Told after the commit: these are waiting to go out. */
  readonly offer: (forwards: readonly Forward[], original: Message) => void;
}

/** What stands in `pending` for a notice that is decided later. */
export interface LaterNotice {
  readonly notice: Notice;
}

/** Tells triggers what happens to channels and sessions. Nobody waits for it. */
export interface Notices {
  /** Tells it when it has lasted as long as some trigger waits. Never rejects. */
  channel(event: ChannelEvent): Promise<NoticeAnswer>;
  /** Tells it at once. Never rejects. */
  session(event: SessionEvent): Promise<NoticeAnswer>;
  /** Tells it at once. Never rejects. */
  account(event: AccountEvent): void;
  /** Tells one again that is kept under its own id; the fault, if it is still not decided. */
  again(notice: Notice): Promise<{ readonly fault: string } | undefined>;
  /** One that is kept was given up. */
  forget(id: string): void;
  /** Tells nothing new, and settles when all that was told is decided and written. */
  stop(): Promise<void>;
}

/** What happens to one channel. */
interface ChannelState {
  readonly name: string;
  readonly link: Settling<"up" | "down">;
  readonly held: Settling<"paused" | "drained" | "resumed">;
  /** The last reason of each, and when it began, in milliseconds since 1970 UTC. */
  readonly reasons: Map<ChannelChange, string>;
  readonly sinceMs: Map<ChannelChange, number>;
  timer: NodeJS.Timeout | undefined;
}

export function createNotices(parts: NoticeParts): Notices {
  const { engine, writer, make, clock, log, newId, offer } = parts;
  const channels = new Map<string, ChannelState>();
  const open = new Set<Promise<void>>();
  const kept = new Set<string>();
  let dropped = 0;
  let droppedLine: NodeJS.Timeout | undefined;
  let stopped = false;

  return {
    channel(event) {
      if (!stopped) happened(event);
      return Promise.resolve(noted);
    },
    session(event) {
      const hooks = parts.announce?.session(event) ?? [];
      if (hooks.length > 0)
        writer.hook(hooks).catch((cause: unknown) => log.error({ err: cause }, "webhook lost"));
      if (!stopped) tell({ kind: "session", event });
      return Promise.resolve(noted);
    },
    account(event) {
      if (!stopped) tell({ kind: "account", event });
    },
    async again(notice) {
      const { id } = notice.event;
      const makings = await decide(notice);
      if ("fault" in makings) return makings;
      await write(id, makings, id);
      kept.delete(id);
      return undefined;
    },
    forget: (id) => void kept.delete(id),
    async stop() {
      stopped = true;
      for (const { timer } of channels.values()) clearTimeout(timer);
      tellDropped();
      await Promise.all(open);
    },
  };

  function happened({ channel, what, reason, atMs }: ChannelEvent): void {
    const state = stateOf(channel);
    const nowMs = clock.tickMs();
    const isLink = what === "up" || what === "down";
    const changed = isLink ? state.link.set(what, nowMs) : state.held.set(what, nowMs);
    if (changed) state.sinceMs.set(what, atMs);
    state.reasons.set(what, reason);
    // A drained channel is down because somebody wanted it; from now on it counts again.
    if (changed && what === "resumed") state.link.restart(nowMs);
    look(state);
  }

  function stateOf(name: string): ChannelState {
    let state = channels.get(name);
    if (state === undefined) {
      state = {
        name,
        link: createSettling<"up" | "down">(forMsUsual, undefined),
        held: createSettling<"paused" | "drained" | "resumed">(forMsUsual, undefined),
        reasons: new Map(),
        sinceMs: new Map(),
        timer: undefined,
      };
      channels.set(name, state);
    }
    return state;
  }

  /** Tells what has lasted long enough, and looks again when the next is due. */
  function look(state: ChannelState): void {
    clearTimeout(state.timer);
    if (stopped) return;
    const nowMs = clock.tickMs();
    const waits = engine.waitsFor(state.name);
    const aspects = state.held.value === "drained" ? [state.held] : [state.held, state.link];
    let nextMs: number | undefined;
    for (const aspect of aspects) {
      const due = aspect.due(waits, nowMs);
      const { value } = aspect;
      if (value !== undefined)
        for (const { waitMs, before } of due.settled) {
          const first = before === undefined;
          // A start finds most channels not held, which is no news.
          if (!first || value !== "resumed") tellOf(state, value, waitMs, first);
        }
      if (due.nextMs !== undefined) nextMs = Math.min(nextMs ?? due.nextMs, due.nextMs);
    }
    if (nextMs === undefined) return;
    state.timer = setTimeout(() => look(state), Math.max(1, Math.ceil(nextMs - nowMs)));
    state.timer.unref();
  }

  function tellOf(state: ChannelState, what: ChannelChange, forMs: number, first: boolean): void {
    const sinceMs = state.sinceMs.get(what) ?? clock.nowMs();
    const reason = state.reasons.get(what) ?? "";
    const event = { id: newId(), channel: state.name, what, sinceMs, forMs, reason, first };
    tell({ kind: "channel", event });
  }

  function tell(notice: Notice): void {
    if (!engine.wants(notice)) return;
    if (open.size >= noticesOpenMax) return drop();
    const work = decideNow(notice)
      .catch((cause: unknown) => log.error({ ...about(notice), err: cause }, "notice lost"))
      .finally(() => open.delete(work));
    open.add(work);
  }

  async function decideNow(notice: Notice): Promise<void> {
    const makings = await decide(notice);
    if (!("fault" in makings)) return write(notice.event.id, makings, undefined);
    if (kept.size >= noticesKeptMax) return drop();
    const { id } = notice.event;
    kept.add(id);
    const payload: LaterNotice = { notice };
    const row = { id, root: id, kind: "event", dueMs: clock.nowMs() } as const;
    await writer.hold({ ...row, payload: JSON.stringify(payload) }).catch((cause: unknown) => {
      kept.delete(id);
      throw cause;
    });
    log.warn({ ...about(notice), why: makings.fault }, "notice not decided; it is tried again");
  }

  async function decide(notice: Notice): Promise<Makings | { readonly fault: string }> {
    const ruling = await engine.decide(notice);
    if (ruling.verdict === "undecided") return { fault: `${ruling.fault}: ${ruling.text}` };
    const { channel, what } = subjectOf(notice);
    const { id } = notice.event;
    const because = { channel, event: `${notice.kind} ${what}`, id, hops: 0 };
    const makings = make(ruling.verdict === "accept" ? ruling.sends : [], because);
    return "fault" in makings ? { fault: `${makings.fault}: ${makings.text}` } : makings;
  }

  /** One commit: the messages, and the place of one that was kept given up. */
  async function write(id: string, { made }: Makings, done: string | undefined): Promise<void> {
    if (made.length === 0 && done === undefined) return;
    const nothing = { status: undefined, error: undefined, lines: [], tell: [], later: undefined };
    await writer.conclude({ id, root: id, ...nothing, atMs: clock.nowMs(), made, done });
    offerMade(offer, made);
  }

  function drop(): void {
    dropped += 1;
    if (droppedLine !== undefined) return;
    droppedLine = setTimeout(tellDropped, droppedLineMs);
    droppedLine.unref();
  }

  function tellDropped(): void {
    clearTimeout(droppedLine);
    droppedLine = undefined;
    if (dropped === 0) return;
    const limits = { dropped, noticesOpenMax, noticesKeptMax };
    log.warn(limits, "more happens to channels and sessions than triggers keep up with");
    dropped = 0;
  }
}

function about(notice: Notice): Record<string, unknown> {
  const { kind, event } = notice;
  const { channel, what } = subjectOf(notice);
  const session = "session" in event ? { session: event.session } : {};
  return { channel, ...session, event: event.id, notice: `${kind} ${what}` };
}

/**
 * Where it happened, and what; a schedule and an account are of no channel, so what they make came in by
 * `schedule` or `account`.
 */
function subjectOf(notice: Notice): { readonly channel: string; readonly what: string } {
  const { kind, event } = notice;
  if (kind === "schedule") return { channel: kind, what: event.name };
  return kind === "account" ? { channel: kind, what: `${event.account} ${event.what}` } : event;
}
