import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import { type BackupPolicy, type FailurePolicy, type Ways } from "../model/failure-policy.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import type { Writer } from "../store/writer.ts";
import type { SendRow } from "./finish.ts";
import { type Onward, type Stand, channelOf, divertedTo } from "./outcome.ts";
import { queueParts } from "./queue-name.ts";
import { type QueueState, type Queues, count, doubt, leave, queueRowsMax, take } from "./queues.ts";

/** ms. So often what could go another way is looked at, while that one is not up either. */
const lookAgainMs = 1_000;

/** What follows from failures, and where else a message may go. */
export interface FailureParts {
  readonly policyOf: (channel: string) => FailurePolicy;
  /** The queue that a backup's target comes to; undefined when it leads nowhere. */
  readonly backupQueue: (backup: BackupPolicy) => string | undefined;
  readonly newId: () => string;
}

/** A row goes back into its queue, with the failure that a try has met, if there was a try. */
export interface Back {
  readonly waitMs: number;
  readonly tries: number;
  readonly error: string | undefined;
  readonly uncertain: boolean;
  readonly tail?: true;
  readonly ways?: Ways;
  /** A backup was to have it and could not be reached. */
  readonly backupAway?: BackupPolicy;
}

/** Rows that were taken go back to where they waited, or wait for another channel. */
export interface Moving {
  standOf(state: QueueState, row: SendRow): Stand;
  back(state: QueueState, row: SendRow, back: Back): void;
  /** It was not handed over and goes back to its place; nothing behind it is taken before. */
  putBack(state: QueueState, row: SendRow): void;
  onward(state: QueueState, row: SendRow, onward: Onward, tries: number): void;
  /** All that wait here in memory and may go another way do so; `why` is for their traces. */
  divert(state: QueueState, why: string): void;
}

export function createMoving(parts: {
  readonly failures: FailureParts;
  readonly writer: Pick<Writer, "again">;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Log;
  readonly channel: (name: string) => Channel | undefined;
  /** Nothing is to be handed to it now, by an operator's word or by a policy's. */
  readonly isStopped: (state: QueueState) => boolean;
  readonly plan: (state: QueueState) => void;
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
  readonly release: (state: QueueState, id: string) => void;
}): Moving {
  const { failures, writer, queues, clock, log, plan, wakeIn, release } = parts;
  const { policyOf } = failures;

  return { standOf, back, putBack, onward, divert };

  function standOf(state: QueueState, row: SendRow): Stand {
    const { tries, expiresMs, maybeTwice, ways } = row;
    const home = ways?.home;
    return {
      queue: state.name,
      tries,
      expiresMs,
      nowMs: clock.nowMs(),
      maybeTwice,
      ways,
      policy: policyOf(state.channel),
      homePolicy: home === undefined ? undefined : policyOf(channelOf(home.queue)),
      stateOf,
      backupQueue: failures.backupQueue,
    };
  }

  function stateOf(name: string): "up" | "down" | "gone" {
    const { channel: on, account } = queueParts(name);
    const channel = parts.channel(on);
    if (channel === undefined) return "gone";
    if (queues.counts(on).queued >= (channel.queueMax ?? queueRowsMax)) return "gone";
    if (parts.isStopped(queues.of(name))) return "down";
    return isThere(channel, account) ? "up" : "down";
  }

  function back(state: QueueState, row: SendRow, given: Back): void {
    const { id, message } = row;
    const { root } = message;
    const { waitMs, tries, error, uncertain, tail, ways, backupAway } = given;
    const maybeTwice = row.maybeTwice || uncertain;
    const atMs = clock.nowMs();
    const dueMs = waitMs === 0 ? 0 : atMs + waitMs;
    const line = backupAway === undefined ? undefined : awayLine(row, backupAway, atMs);
    const moved =
      tail === undefined && ways === undefined && line === undefined
        ? {}
        : {
            moved: {
              queue: state.name,
              place: tail === undefined ? undefined : failures.newId(),
              ways: ways ?? row.ways,
              ...(line === undefined ? {} : { line }),
            },
          };
    const { channel } = state;
    writer.again({ id, root, channel, tries, error, dueMs, maybeTwice, atMs, ...moved }).then(
      () => {
        if (maybeTwice && !row.maybeTwice) doubt(state, 1);
        leave(state, atMs + waitMs);
        release(state, row.id);
        wakeIn(state, waitMs);
      },
      (cause: unknown) => lost(state, row, cause),
    );
  }

  function putBack(state: QueueState, row: SendRow): void {
    const { id, message, tries, maybeTwice } = row;
    const { root } = message;
    const { channel } = state;
    const atMs = clock.nowMs();
    state.returning += 1;
    writer.again({ id, root, channel, tries, error: undefined, dueMs: 0, maybeTwice, atMs }).then(
      () => {
        state.returning -= 1;
        state.waiting.put(row);
        release(state, id);
      },
      (cause: unknown) => {
        state.returning -= 1;
        lost(state, row, cause);
      },
    );
  }

  function onward(state: QueueState, row: SendRow, given: Onward, tries: number): void {
    const { id, message } = row;
    const { root } = message;
    const { channel } = state;
    const { queue, waitMs, error, uncertain, ways } = given;
    const maybeTwice = row.maybeTwice || uncertain;
    const atMs = clock.nowMs();
    const dueMs = waitMs === 0 ? 0 : atMs + waitMs;
    const line = onwardLine(row, given, { atMs, maybeTwice });
    const moved = { queue, place: undefined, ways, line };
    const target = queues.of(queue);
    // From now on, so that a queue that is nearly full does not get more than it holds.
    count(target, 1);
    writer.again({ id, root, channel, tries, error, dueMs, maybeTwice, atMs, moved }).then(
      () => {
        count(state, -1);
        if (row.maybeTwice) doubt(state, -1);
        if (maybeTwice) doubt(target, 1);
        state.changed += 1;
        leave(target, atMs + waitMs);
        release(state, id);
        if (waitMs > 0) wakeIn(target, waitMs);
        plan(target);
      },
      (cause: unknown) => {
        count(target, -1);
        lost(state, row, cause);
      },
    );
  }

  function divert(state: QueueState, why: string): void {
    const { backup } = policyOf(state.channel);
    const ways = new Map<string, Onward>();
    let isLeft = false;
    const nowMs = clock.nowMs();
    const rows = state.waiting.takeAll((row) => {
      const mayGo = (row.ways?.left.length ?? 0) > 0 || backup !== undefined;
      if (!mayGo || row.expiresMs <= nowMs) return false;
      const to = divertedTo(why, standOf(state, row));
      if (to === undefined) isLeft = true;
      else ways.set(row.id, to);
      return to !== undefined;
    });
    // Nobody tells when the channels of their other ways are up again.
    if (isLeft) wakeIn(state, lookAgainMs);
    for (const row of rows) {
      const to = ways.get(row.id);
      if (to === undefined) continue;
      take(state, row.id);
      onward(state, row, to, row.tries);
    }
  }

  function onwardLine(
    { id, queue: from }: SendRow,
    { queue, because, backup, ways, uncertain }: Onward,
    { atMs, maybeTwice }: { readonly atMs: number; readonly maybeTwice: boolean },
  ): TraceLine {
    const took = channelOf(queue);
    const facts: Record<string, string | boolean> = { message: id, from, to: queue };
    facts["text"] = `took ${queue} because ${because}`;
    if (backup !== undefined) {
      facts["backup"] = backup.target;
      const remote = parts.channel(took)?.sessions()[0]?.remote ?? backup.address;
      if (remote !== undefined) facts["address"] = remote;
    }
    if (maybeTwice || uncertain) facts["maybeTwice"] = true;
    if (ways.price !== undefined) facts["price"] = ways.price;
    return { at: atMs, what: "rerouted", facts };
  }

  function awayLine({ id }: SendRow, { target, address }: BackupPolicy, at: number): TraceLine {
    const facts: Record<string, string> = {
      message: id,
      text: `the backup ${target} is not there`,
    };
    if (address !== undefined) facts["address"] = address;
    return { at, what: "backup", facts };
  }

  function lost(state: QueueState, row: SendRow, cause: unknown): void {
    log.error({ queue: state.name, message: row.id, err: cause }, "retry not stored");
    release(state, row.id);
  }
}

/** Is there somebody who could be handed a message, also if not at once? */
export function isThere(channel: Channel, account: string | undefined): boolean {
  if (account === undefined) return channel.view().state === "up";
  const isHis = ({ account: whose, bindType }: ReturnType<Channel["sessions"]>[number]): boolean =>
    whose === account && bindType !== "transmitter";
  return channel.sessions().some(isHis);
}
