import { GatewayError } from "../../model/error.ts";
import type { Message, Sms } from "../../model/message.ts";
import type { Traffic } from "../../model/meter.ts";
import type { ChannelHost, SendResult } from "../channel.ts";
import type { HttpServerSettings } from "../http-server-settings.ts";

/**
 * What waits for customers who fetch it. While one asks, his messages are handed over to here and stay
 * until he acknowledges them, which is their delivery; they stay in the queue of the database as long.
 */
export interface Inbox {
  /** How many more messages may be held for this account; none for one that has not asked lately. */
  room(account: string | undefined): number;
  put(message: Message, sms: Sms, done: (result: SendResult) => void): void;
  /** Those behind this place, oldest first; waits for the first one for so long. */
  fetch(account: string, behind: number, limit: number, waitMs: number): Promise<readonly Held[]>;
  /** Throws `unknown_message_id`; once more does no harm. */
  acknowledge(account: string, id: string): void;
  /**
   * Of all accounts that fetch: what they may have without an acknowledgement, and how much more now; and
   * how often somebody who was given a message never said that he has it.
   */
  window(): Pick<Traffic, "windowRequests" | "windowFree" | "timedOut">;
  /** The same from his webhook; false when it is not held here. */
  told(account: string, id: string): boolean;
  /** Puts back what is held and holds nothing more until `open`. */
  close(): void;
  open(): void;
}

export interface Held {
  readonly message: Message;
  readonly sms: Sms;
  /** Its place; grows, also from start to start. */
  readonly place: number;
}

/** Accounts that fetch at a time; the messages of others wait in the database. */
const accountsMax = 1_000;

/** Ids that an account has acknowledged and may again. */
const acknowledgedMax = 1_000;

/** ms. How often it is looked for accounts that ask no more. */
const lookEveryMs = 1_000;

interface Kept extends Held {
  readonly done: (result: SendResult) => void;
  given: boolean;
}

interface Asking {
  askedMs: number;
  readonly held: Map<string, Kept>;
  readonly acknowledged: Set<string>;
  waiters: (() => void)[];
}

export function createInbox(
  host: ChannelHost,
  settings: Pick<HttpServerSettings, "pullMessages" | "pullIdleMs">,
): Inbox {
  const { clock } = host;
  const accounts = new Map<string, Asking>();
  let place = clock.nowMs() * 1_000;
  let closed = host.drained;
  let look: NodeJS.Timeout | undefined;
  let timedOut = 0;

  return {
    room(account = "") {
      const asking = closed ? undefined : accounts.get(account);
      return asking === undefined ? 0 : Math.max(0, settings.pullMessages - asking.held.size);
    },
    put(message, sms, done) {
      const asking = closed ? undefined : accounts.get(message.account ?? "");
      if (asking === undefined)
        return done({ kind: "refused", status: 0x08, text: "nobody fetches it" });
      place += 1;
      asking.held.set(message.id, { message, sms, place, done, given: false });
      const { waiters } = asking;
      asking.waiters = [];
      // What one commit brings is fetched together.
      if (waiters.length > 0)
        setImmediate(() => {
          for (const heard of waiters) heard();
        });
    },
    async fetch(account, behind, limit, waitMs) {
      if (closed) throw new GatewayError("channel_drained");
      const known = accounts.get(account);
      const asking = known ?? begin(account);
      asking.askedMs = clock.tickMs();
      if (known === undefined) host.ready();
      const found = (): readonly Kept[] => {
        const all = [...asking.held.values()].filter((one) => one.place > behind);
        return all.slice(0, limit);
      };
      if (found().length === 0 && waitMs > 0) await heard(asking, waitMs);
      asking.askedMs = clock.tickMs();
      const page = found();
      for (const one of page) one.given = true;
      return page;
    },
    acknowledge(account, id) {
      const asking = accounts.get(account);
      if (asking?.acknowledged.has(id) === true) return;
      if (!taken(account, id)) throw new GatewayError("unknown_message_id");
      if (asking !== undefined) asking.askedMs = clock.tickMs();
    },
    window() {
      const windowRequests = accounts.size * settings.pullMessages;
      let windowFree = windowRequests;
      for (const { held } of accounts.values()) windowFree -= held.size;
      return { windowRequests, windowFree, timedOut };
    },
    told: taken,
    close() {
      closed = true;
      for (const account of accounts.keys()) end(account);
    },
    open() {
      closed = false;
    },
  };

  function taken(account: string, id: string): boolean {
    const asking = accounts.get(account);
    const one = asking?.held.get(id);
    if (asking === undefined || one === undefined) return false;
    asking.held.delete(id);
    // Who has it by his webhook may acknowledge it here as well.
    asking.acknowledged.add(id);
    const [oldest] = asking.acknowledged;
    if (asking.acknowledged.size > acknowledgedMax && oldest !== undefined)
      asking.acknowledged.delete(oldest);
    one.done({ kind: "taken", providerId: "" });
    host.ready();
    return true;
  }

  function begin(account: string): Asking {
    if (accounts.size >= accountsMax) throw new GatewayError("overloaded");
    const asking = {
      askedMs: clock.tickMs(),
      held: new Map<string, Kept>(),
      acknowledged: new Set<string>(),
      waiters: [],
    };
    accounts.set(account, asking);
    look ??= setInterval(putBackIdle, lookEveryMs).unref();
    return asking;
  }

  function heard(asking: Asking, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs).unref();
      asking.waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  function putBackIdle(): void {
    const latestMs = clock.tickMs() - settings.pullIdleMs;
    for (const [account, { askedMs, waiters }] of accounts)
      if (askedMs < latestMs && waiters.length === 0) end(account);
  }

  function end(account: string): void {
    const asking = accounts.get(account);
    if (asking === undefined) return;
    accounts.delete(account);
    if (accounts.size === 0) {
      clearInterval(look);
      look = undefined;
    }
    for (const heardNothing of asking.waiters) heardNothing();
    // Who was given one may have it, though he never said so.
    for (const { given, done } of asking.held.values()) {
      if (given) timedOut += 1;
      done(
        given
          ? { kind: "uncertain", why: "response_timeout" }
          : { kind: "refused", status: 0x08, text: "nobody fetched it" },
      );
    }
  }
}
