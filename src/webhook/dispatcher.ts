import type { Fetcher } from "../http/fetch.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Meter } from "../model/meter.ts";
import type { Hook, WebhookEndpoint } from "../model/webhook.ts";
import type { Store } from "../store/store.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import { callEndpoint } from "./caller.ts";
import { type Held, type Lane, createLane } from "./lane.ts";
import { createOverflowLine } from "./overflow-line.ts";
import { type CallOutcome, triesMax, waitMs } from "./retry.ts";

/** Calls of all endpoints that are held in memory, each about a KiB. */
const heldAllMax = 20_000;

/** ms. What has waited for so long is given up: its endpoint was away all day. */
const giveUpMs = 86_400_000;

/** ms. How often it is looked for that. */
const sweepMs = 60_000;

/** Rows that one sweep gives up at a time. */
const rowsPerSweep = 1_000;

/** ms. After a fault of the database, and where it is not known when the next is due. */
const pauseMs = 1_000;

export interface DispatcherParts {
  readonly table: Store["webhooks"];
  readonly writer: Pick<Store["writer"], "hooked" | "hookAgain" | "onHooks">;
  readonly fetcher: Pick<Fetcher, "fetch">;
  readonly endpoint: (id: string) => WebhookEndpoint | undefined;
  /** An inbound message was taken at this webhook; what waits for that is ended before it is forgotten. */
  readonly taken: (inbound: {
    readonly account: string;
    readonly id: string;
    readonly webhook: string;
  }) => Promise<void>;
  /** Its owner wants no more (410). */
  readonly disable: (id: string, why: string) => void;
  readonly limits: {
    readonly requestsMax: number;
    readonly requestsPerEndpointMax: number;
    readonly waitingMax: number;
    /** ms. To the second try and of the first rest of a breaker; others only in tests. */
    readonly retryFirstMs?: number | undefined;
    readonly openFirstMs?: number | undefined;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Pick<Meter, "hookCalled">;
  readonly chance: () => number;
}

/** How things stand at one endpoint. */
export interface EndpointFacts {
  readonly waiting: number;
  readonly breaker: ReturnType<Breaker["state"]>;
  readonly openUntilMs: number | undefined;
  readonly told: number;
  readonly failed: number;
  readonly lastError: string | undefined;
}

/** Calls the endpoints: at least once, in the order of each subject, and no faster than they take it. */
export interface Dispatcher {
  /** Takes up what an earlier start left: so many calls at each endpoint. */
  takeUp(counts: ReadonlyMap<string, { readonly waiting: number }>): void;
  /** No more may wait there. */
  isFull(endpoint: WebhookEndpoint): boolean;
  facts(id: string): EndpointFacts;
  /** Something has changed: the table has `more` calls, or the endpoint may be called again. */
  look(id: string, more: number): void;
  /** Nothing that is held is to be sent as it is: it was erased in the table, or given up there. */
  leaveAll(): void;
  /** An endpoint that is gone. */
  forget(id: string): void;
  /** Calls nobody any more, and settles when what is under way is written down. */
  stop(): Promise<void>;
}

interface Place {
  readonly id: string;
  readonly lane: Lane;
  readonly breaker: Breaker;
  underWay: number;
  /** Rows in the table that are not dead. */
  waiting: number;
  /** The table may have something that can be held now. */
  wanted: boolean;
  reading: boolean;
  wake: NodeJS.Timeout | undefined;
  wakeAtMs: number;
  told: number;
  failed: number;
  lastError: string | undefined;
}

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { table, writer, fetcher, limits, clock, log, meter, chance } = parts;
  const places = new Map<string, Place>();
  const open = new Set<Promise<void>>();
  let heldAll = 0;
  let underWay = 0;
  let stopped = false;
  let nextPlan: NodeJS.Immediate | undefined;
  const overflow = createOverflowLine(log, limits.waitingMax);
  const shared = {
    nowMs: clock.nowMs,
    mayHold: () => heldAll < heldAllMax,
    held: (change: number) => void (heldAll += change),
  };
  const sweeping = setInterval(sweep, sweepMs);
  sweeping.unref();

  writer.onHooks(offer);

  return {
    takeUp(counts) {
      for (const [id, { waiting }] of counts)
        if (waiting > 0) {
          const place = placeOf(id);
          place.waiting = waiting;
          place.lane.leaveAll();
          place.wanted = true;
        }
      plan();
    },
    isFull: ({ id }) => (places.get(id)?.waiting ?? 0) >= limits.waitingMax,
    facts(id) {
      const { waiting, breaker, told, failed, lastError } = placeOf(id);
      const state = breaker.state(clock.nowMs());
      const openUntilMs = breaker.untilMs;
      return { waiting, breaker: state, openUntilMs, told, failed, lastError };
    },
    look(id, more) {
      const place = placeOf(id);
      place.waiting = Math.max(0, place.waiting + more);
      if (more !== 0) place.lane.leaveAll();
      place.wanted = true;
      place.breaker.reset();
      plan();
    },
    leaveAll() {
      for (const place of places.values()) {
        place.lane.leaveAll();
        place.wanted = true;
      }
      plan();
    },
    forget(id) {
      const place = places.get(id);
      clearTimeout(place?.wake);
      place?.lane.leaveAll();
      places.delete(id);
    },
    async stop() {
      stopped = true;
      clearInterval(sweeping);
      clearImmediate(nextPlan);
      overflow.end();
      for (const place of places.values()) clearTimeout(place.wake);
      while (open.size > 0) await Promise.all(open);
    },
  };

  function offer(hooks: readonly Hook[]): void {
    const nowMs = clock.nowMs();
    for (const hook of hooks) {
      const endpoint = parts.endpoint(hook.endpoint);
      if (endpoint === undefined) continue;
      if (hook.dead !== undefined) {
        meter.hookCalled(endpoint.account, "dead");
        overflow.add();
        continue;
      }
      const place = placeOf(hook.endpoint);
      place.waiting += 1;
      place.lane.offer({ ...hook, tries: 0, dueMs: nowMs, atMs: nowMs, underWay: false });
      if (!place.lane.complete) place.wanted = true;
    }
    plan();
  }

  function placeOf(id: string): Place {
    let place = places.get(id);
    if (place === undefined) {
      const lane = createLane(true, shared);
      const breaker = createBreaker(chance, limits.openFirstMs);
      const counts = { underWay: 0, waiting: 0, told: 0, failed: 0 };
      const flags = {
        wanted: false,
        reading: false,
        wake: undefined,
        wakeAtMs: 0,
        lastError: undefined,
      };
      place = { id, lane, breaker, ...counts, ...flags };
      places.set(id, place);
    }
    return place;
  }

  /** Once per turn of the event loop. */
  function plan(): void {
    if (stopped || nextPlan !== undefined) return;
    nextPlan = setImmediate(() => {
      nextPlan = undefined;
      pumpAll();
    });
  }

  /** One call of each endpoint after the other, so that one with much to tell does not go before all. */
  function pumpAll(): void {
    if (stopped) return;
    let some = [...places.values()];
    while (some.length > 0 && underWay < limits.requestsMax) some = some.filter(callNext);
    for (const place of places.values()) {
      read(place);
      wakeLater(place);
    }
  }

  /** False when there is nothing to call now. */
  function callNext(place: Place): boolean {
    if (underWay >= limits.requestsMax) return false;
    const endpoint = parts.endpoint(place.id);
    if (endpoint === undefined || endpoint.disabled !== undefined) return false;
    const nowMs = clock.nowMs();
    if (place.underWay >= place.breaker.room(nowMs, limits.requestsPerEndpointMax)) return false;
    const call = place.lane.take(nowMs);
    if (call === undefined) return false;
    place.underWay += 1;
    underWay += 1;
    const work = make(place, endpoint, call)
      .catch((cause: unknown) => {
        log.error({ webhook: place.id, call: call.id, err: cause }, "a webhook's call went wrong");
        place.lane.leaveAll();
        place.lane.rest(call);
        place.wanted = true;
      })
      .finally(() => {
        place.underWay -= 1;
        underWay -= 1;
        open.delete(work);
        plan();
      });
    open.add(work);
    return true;
  }

  async function make(place: Place, endpoint: WebhookEndpoint, call: Held): Promise<void> {
    const answered = await callEndpoint(fetcher, endpoint, call, clock.nowMs());
    const isDelivery = answered.outcome.do === "done" && call.event === "message.inbound";
    const outcome = isDelivery ? await deliver(endpoint, call) : answered.outcome;
    const { account } = endpoint;
    if (outcome.do === "done") {
      place.breaker.succeeded();
      place.told += 1;
      meter.hookCalled(account, "told");
      await writer.hooked(call.id);
      return ended(place, call);
    }
    // It was cut off: the next start tries it again, and it counts as one try.
    if (stopped && outcome.do === "again") return;
    const { reason } = outcome;
    const nowMs = clock.nowMs();
    place.failed += 1;
    place.lastError = reason;
    call.tries += 1;
    // A refusal of this one call says that somebody is there.
    if (outcome.do === "again") place.breaker.failed(nowMs);
    else place.breaker.succeeded();
    const dead = outcome.do !== "again" || call.tries >= triesMax;
    const pause = Math.max(
      waitMs(call.tries, chance(), limits.retryFirstMs),
      outcome.do === "again" ? (outcome.afterMs ?? 0) : 0,
    );
    call.dueMs = nowMs + pause;
    meter.hookCalled(account, dead ? "dead" : "again");
    const about = { webhook: place.id, account, event: call.event, call: call.id, reason };
    if (dead) log.warn(about, "a webhook's call is given up; see `signalbox webhook dead`");
    else log.debug({ ...about, tries: call.tries }, "a webhook's call failed and is tried again");
    const { id, tries, dueMs } = call;
    await writer.hookAgain({ id, dueMs, tries, reason, dead });
    // One message's URL that is gone says nothing of those of the others.
    if (outcome.do === "disable" && call.url === undefined) parts.disable(place.id, reason);
    if (dead) ended(place, call);
    else {
      place.lane.rest(call);
      if (!place.lane.complete) place.wanted = true;
    }
  }

  async function deliver(
    { account, id: webhook }: WebhookEndpoint,
    call: Held,
  ): Promise<CallOutcome> {
    try {
      const { data } = JSON.parse(call.payload);
      await parts.taken({ account, id: String(data.id), webhook });
      return { do: "done" };
    } catch (cause) {
      log.error({ webhook, call: call.id, err: cause }, "a delivery by a webhook was not stored");
      return { do: "again", reason: "its delivery could not be stored", afterMs: undefined };
    }
  }

  function ended(place: Place, call: Held): void {
    place.waiting = Math.max(0, place.waiting - 1);
    place.lane.ended(call);
    // One behind it may have been left in the table.
    if (!place.lane.complete) place.wanted = true;
  }

  function read(place: Place): void {
    if (!place.wanted || place.reading || stopped) return;
    if (place.breaker.state(clock.nowMs()) === "open") return;
    const room = place.lane.room();
    if (room === 0) {
      if (place.lane.complete) place.wanted = false;
      return;
    }
    place.wanted = false;
    place.reading = true;
    const work = readInto(place, room)
      .catch((cause: unknown) => {
        log.error({ webhook: place.id, err: cause }, "could not read what a webhook is to be told");
        later(place, pauseMs);
      })
      .finally(() => {
        place.reading = false;
        open.delete(work);
        plan();
      });
    open.add(work);
  }

  async function readInto(place: Place, room: number): Promise<void> {
    const { id, lane } = place;
    const { mark } = lane;
    const { rows, more, nextDueMs } = await table.fetch(id, lane.ids, room);
    // It may have been removed meanwhile.
    if (places.get(id) !== place) return;
    lane.put(rows.map((row) => ({ ...row, underWay: false })));
    if (!more) lane.completeSince(mark);
    if (!lane.complete && mark !== lane.mark) place.wanted = true;
    else if (more && rows.length > 0) place.wanted = true;
    else if (more) later(place, nextDueMs === undefined ? pauseMs : nextDueMs - clock.nowMs());
  }

  function later(place: Place, ms: number): void {
    const inMs = Math.min(Math.max(ms, 1), sweepMs);
    const atMs = clock.tickMs() + inMs;
    if (stopped || (place.wake !== undefined && place.wakeAtMs <= atMs)) return;
    clearTimeout(place.wake);
    place.wakeAtMs = atMs;
    place.wake = setTimeout(() => {
      place.wake = undefined;
      place.wanted = true;
      plan();
    }, inMs);
    place.wake.unref();
  }

  /** When the next of what rests is due, or the breaker lets one through. */
  function wakeLater(place: Place): void {
    const nowMs = clock.nowMs();
    const { breaker, lane } = place;
    const isOpen = breaker.state(nowMs) === "open";
    const nextMs = isOpen ? breaker.untilMs : lane.nextDueMs();
    if (nextMs !== undefined && (!isOpen || place.waiting > 0)) later(place, nextMs - nowMs);
  }

  async function sweepOne(place: Place): Promise<void> {
    const { id, lane } = place;
    const old = { ms: giveUpMs, reason: "not told within a day", limit: rowsPerSweep };
    // What is held and waits is given up, too; what is under way has its own end.
    for (;;) {
      const gone = await table.buryOld(id, [], old);
      lane.drop(gone);
      place.waiting = Math.max(0, place.waiting - gone.length);
      const account = parts.endpoint(id)?.account ?? "";
      for (const _call of gone) meter.hookCalled(account, "dead");
      if (gone.length > 0) log.warn({ webhook: id, calls: gone.length }, "given up after a day");
      if (gone.length < rowsPerSweep || stopped) return;
    }
  }

  function sweep(): void {
    for (const place of places.values()) {
      if (place.waiting <= 0) continue;
      const work = sweepOne(place)
        .catch((cause: unknown) => log.error({ webhook: place.id, err: cause }, "not swept"))
        .finally(() => open.delete(work));
      open.add(work);
    }
  }
}
