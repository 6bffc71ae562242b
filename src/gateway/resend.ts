import { erasedAddress } from "../model/address.ts";
import { GatewayError } from "../model/error.ts";
import type { Message, Sms } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { EntryRow } from "../store/lives.ts";
import type { Forward } from "../store/operation.ts";
import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { Store } from "../store/store.ts";
import { queueName } from "./queue-name.ts";
import type { Sender } from "./send.ts";
import { queueRowsMax } from "./queues.ts";

/**
 * Sends a message once more that has ended without success, or that the peer may not have got: a new
 * message of the same life on the same channel, not charged again. Takes the id of what was
 * forwarded, or of an original that was forwarded as one. Rejects with `unknown_message_id`,
 * `not_resendable`, `unknown_channel`, `queue_full`; then nothing has changed.
 */
export type Resend = (
  id: string,
  by: string,
) => Promise<{ readonly id: string; readonly root: string; readonly queue: string }>;

/** ms. What is sent once more may wait for as long as a message that says nothing of its validity. */
const resendValidityMs = 24 * 3_600_000;

/** Ends without success. */
const ENDED: ReadonlySet<Status> = new Set([
  "FAILED",
  "EXPIRED",
  "NOTDELIVERED",
  "NOREPORT",
  "CANCELLED",
]);

export function createResend(parts: {
  readonly store: Pick<Store, "messages" | "reports" | "writer">;
  readonly sender: Pick<Sender, "counts" | "offer">;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Throws `unknown_channel`. */
  readonly channel: (name: string) => Channel;
}): Resend {
  const { store, sender, clock, newId } = parts;
  /** Lives that are being sent once more: two operators may want the same. */
  const busy = new Set<string>();

  return async (id, by) => {
    const entry = await store.messages.show(id);
    if (entry === undefined)
      throw new GatewayError("unknown_message_id", `no message is known by ${id}`);
    const { root } = entry.message;
    if (busy.has(root)) throw refusal(entry, "it is being sent once more by somebody else");
    busy.add(root);
    try {
      return await resend(root, entry, by);
    } finally {
      busy.delete(root);
    }
  };

  async function resend(root: string, entry: EntryRow, by: string) {
    const [life] = await store.messages.life(root, 1);
    const entries = life?.entries ?? [];
    const old = theOne(entry, entries);
    check(old);
    const queue = queueFor(old.message);
    const sent = await store.reports.sentOf(old.message.id);
    if (sent === undefined) throw refusal(old, "its original is not kept any more");
    if ([sent.message, sent.original].some(isErased)) throw refusal(old, "its content was erased");
    const message: Message = { ...renewed(old.message), id: newId(), log: [] };
    const at = clock.nowMs();
    const facts = { message: message.id, of: old.message.id, queue, by };
    const forward: Forward = {
      message,
      queue,
      priority: message.sms?.priority ?? 0,
      dueMs: 0,
      expiresMs: at + resendValidityMs,
    };
    await store.writer.resend({
      of: old.message.id,
      forward,
      line: { at, what: "resent", facts },
    });
    sender.offer([forward], sent.original);
    return { id: message.id, root, queue };
  }

  function queueFor({ channel: name, account }: Message): string {
    const { taken, queueMax = queueRowsMax } = parts.channel(name);
    if (sender.counts(name).queued >= queueMax) throw new GatewayError("queue_full");
    return queueName(name, taken === "SENT" ? undefined : account);
  }
}

/** The message that was forwarded, or the only one that an original was forwarded as. */
function theOne(entry: EntryRow, entries: readonly EntryRow[]): EntryRow {
  const { id, kind, parent } = entry.message;
  if (kind !== "sms") throw refusal(entry, `it is a ${kind}; only messages are sent once more`);
  const current = entries.filter(
    ({ message, superseded }) =>
      message.kind === "sms" && message.parent !== undefined && !superseded,
  );
  if (parent !== undefined) {
    const one = current.find(({ message }) => message.id === id);
    if (one !== undefined) return one;
    throw refusal(entry, "it was sent once more before; name the newest message of its life");
  }
  const [only, ...others] = current;
  if (only === undefined)
    throw refusal(entry, "it was forwarded nowhere, so there is nothing to send once more");
  if (others.length === 0) return only;
  const ids = current.map(({ message }) => message.id).join(", ");
  throw refusal(entry, `it was forwarded as several messages; name one of ${ids}`);
}

function check(entry: EntryRow): void {
  const { status, pending, maybeTwice } = entry;
  if (pending !== undefined)
    throw refusal(
      entry,
      `it waits in ${pending.queue} and is sent from there; \`queue retry\` hastens it, \`message cancel\` takes it out`,
    );
  if (ENDED.has(status) || (maybeTwice && status === "SENT")) return;
  throw refusal(
    entry,
    status === "DELIVERED"
      ? "it was delivered"
      : `it is ${status}: the provider has it, and its report is awaited`,
  );
}

/** A moment that it was to be sent at, or to be given up at, is over by now. */
function renewed(message: Message): Message {
  const { sms } = message;
  if (sms === undefined) return message;
  const validityPeriod = relativeOnly(sms.validityPeriod);
  const scheduleTime = relativeOnly(sms.scheduleTime);
  if (validityPeriod === sms.validityPeriod && scheduleTime === sms.scheduleTime) return message;
  const changed: Sms = { ...sms, validityPeriod, scheduleTime };
  return { ...message, sms: changed, sameAsParent: false };
}

/** Relative times end with R (SMPP v3.4 §7.1.1.2). */
function relativeOnly(time: string): string {
  return time.endsWith("R") ? time : "";
}

function isErased({ from, to }: Message): boolean {
  return from === erasedAddress || to === erasedAddress;
}

function refusal({ message }: EntryRow, why: string): GatewayError {
  return new GatewayError("not_resendable", `${message.id} cannot be sent once more: ${why}.`);
}
