import { GatewayError } from "../model/error.ts";
import type { OperationAnswer, OperationEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Status } from "../model/status.ts";
import type { OwnMessage, OwnMessages } from "../store/own-messages.ts";
import type { Cancel } from "./cancel.ts";
import { receiptError } from "./receipt-error.ts";
import type { Replace } from "./replace.ts";

/** Messages that one query of ours looks up: what came while the last one was under way. */
const queriesPerLook = 100;

/** Queries of all customers that wait; above, they are refused with `overloaded`. */
const queriesMax = 2_000;

/**
 * Cancels and replacements of all customers that are under way: each takes some look-ups, and the
 * connections for these are shared with others. Above, they are refused with `overloaded`.
 */
const changesMax = 16;

export interface CustomerOperationsParts {
  readonly own: OwnMessages;
  readonly cancel: Cancel;
  readonly replace: Replace;
  readonly log: Log;
}

/**
 * Answers what customers ask of messages that they have sent: how they stand, to take them back, to
 * put another text into them. Nobody learns anything of another account's.
 */
export function createCustomerOperations(
  parts: CustomerOperationsParts,
): (event: OperationEvent) => Promise<OperationAnswer> {
  const { own, cancel, replace, log } = parts;
  const find = inBatches(own);
  let changes = 0;

  return async (event) => {
    try {
      if (event.what === "query") return await query(event);
      if (changes >= changesMax) throw new GatewayError("overloaded");
      changes += 1;
      try {
        await (event.what === "cancel" ? takeBack(event) : putInto(event));
      } finally {
        changes -= 1;
      }
      return { kind: "done" };
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      const { channel, session, account, what } = event;
      log.info({ channel, session, account, what, code: cause.code }, "an operation was refused");
      return { kind: "refused", code: cause.code, reason: cause.message };
    }
  };

  async function query(event: OperationEvent): Promise<OperationAnswer> {
    const found = await find(event);
    if (found === undefined || !isFrom(found, event)) throw new GatewayError("query_failed");
    const { status, error } = found;
    const endedMs = GOES_ON.has(status) ? undefined : found.atMs;
    return { kind: "found", status, endedMs, ...wordsOf(status, error) };
  }

  async function takeBack(event: OperationEvent): Promise<void> {
    const { account, messageId, from, to, serviceType = "" } = event;
    const by = `customer ${account}`;
    if (messageId !== "") {
      const found = await find(event);
      if (found === undefined || !isFrom(found, event))
        throw new GatewayError("unknown_message_id");
      await cancelled(found.id, by);
      return;
    }
    if (from === undefined || to === undefined) throw new GatewayError("unknown_message_id");
    const waiting = await own.waiting({ account, from, to, serviceType });
    const ends = await Promise.allSettled(waiting.map((id) => cancelled(id, by)));
    if (!ends.some(({ status }) => status === "fulfilled"))
      throw new GatewayError("cancel_too_late", "none of them waits");
  }

  async function cancelled(id: string, by: string): Promise<void> {
    try {
      await cancel(id, by);
    } catch (cause) {
      if (cause instanceof GatewayError && cause.code === "message_in_flight")
        throw new GatewayError("cancel_too_late", "it is with its peer");
      throw cause;
    }
  }

  async function putInto(event: OperationEvent): Promise<void> {
    const { replacement } = event;
    const found = await find(event);
    if (found === undefined || !isFrom(found, event)) throw new GatewayError("unknown_message_id");
    if (replacement === undefined) throw new GatewayError("replace_failed");
    await replace(found.id, replacement, event);
  }
}

/** Statuses after which another one follows. */
const GOES_ON: ReadonlySet<Status> = new Set([
  "CREATED",
  "SCHEDULED",
  "QUEUED",
  "SENDING",
  "SENT",
  "RECEIVING",
  "RECEIVED",
]);

function isFrom({ from }: OwnMessage, event: OperationEvent): boolean {
  return event.from === undefined || event.from === from;
}

/** `NOTDELIVERED` is kept with the network's own words: `EXPIRED 003`. */
function wordsOf(
  status: Status,
  error: string | undefined,
): { readonly error: string; readonly state?: string } {
  if (GOES_ON.has(status)) return { error: "000" };
  if (status !== "NOTDELIVERED" || error === undefined)
    return { error: receiptError(status, error) };
  const [state = "", code = ""] = error.split(" ");
  return { state, error: code === "" ? receiptError(status, error) : code };
}

/**
 * One look-up at a time, with all that was asked while the last one was under way: however many
 * queries come, they take one connection of the store's.
 */
function inBatches(own: OwnMessages): (event: OperationEvent) => Promise<OwnMessage | undefined> {
  interface Asked {
    readonly account: string;
    readonly messageId: string;
    readonly resolve: (found: OwnMessage | undefined) => void;
    readonly reject: (cause: unknown) => void;
  }
  let waiting: Asked[] = [];
  let looking = false;

  return async ({ account, messageId }) => {
    if (waiting.length >= queriesMax) throw new GatewayError("overloaded");
    return new Promise((resolve, reject) => {
      waiting.push({ account, messageId, resolve, reject });
      if (!looking) void look();
    });
  };

  async function look(): Promise<void> {
    looking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, queriesPerLook);
      waiting = waiting.slice(queriesPerLook);
      try {
        const found = await own.find(batch);
        for (const [at, one] of batch.entries()) one.resolve(found[at]);
      } catch (cause) {
        for (const one of batch) one.reject(cause);
      }
    }
    looking = false;
  }
}
