import { contentOf } from "../channel/incoming.ts";
import { canonical } from "../model/address.ts";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { MessageEvent, OperationEvent, Replacement } from "../model/event.ts";
import type { Message, Sms, TraceLine } from "../model/message.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Codings } from "../sms/data-coding.ts";
import type { QueueRow } from "../store/queue.ts";
import type { Store } from "../store/store.ts";
import type { Forward } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import { keepRows } from "./kept.ts";
import { type ForwardToOne, type Undirected, forwardsToEach } from "./many.ts";
import { forwardOf } from "./forward.ts";
import type { QueueFor } from "./queue-for.ts";
import type { Routed } from "./routing.ts";
import type { Sender } from "./send.ts";
import { storyOf } from "./story.ts";

/**
 * Puts another text into a message that waits (replace_sm, SMPP v3.4 §4.10). The triggers are asked
 * again, as for a new message: what they refuse is refused, and what would go another way than before,
 * or cost more than was paid, is not replaced. Rejects with `replace_failed`, `bad_schedule`, or what
 * the triggers refused it with; then nothing has changed.
 */
export type Replace = (
  id: string,
  replacement: Replacement,
  event: Pick<OperationEvent, "account" | "session" | "isOpen">,
) => Promise<void>;

export interface ReplaceParts {
  readonly store: Pick<Store, "queue" | "reports" | "messages" | "writer">;
  readonly sender: Pick<Sender, "keep" | "free" | "gone" | "end" | "offer">;
  readonly engine: Pick<Engine, "decide">;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly queueFor: QueueFor;
  readonly route: (event: MessageEvent, action: Undirected, account?: string) => Routed;
  readonly tlvsOn?: (channel: string) => ChannelTlvs | undefined;
  readonly codingsOn: (channel: string) => Codings | undefined;
}

export function createReplace(parts: ReplaceParts): Replace {
  const { store, sender, engine, clock, newId, queueFor, codingsOn } = parts;
  /** Messages that are being replaced: two sessions may want the same. */
  const busy = new Set<string>();

  return async (id, replacement, event) => {
    if (busy.has(id)) throw failed("it is being replaced");
    busy.add(id);
    const kept: QueueRow[] = [];
    try {
      const { original, log, waiting } = await read(id);
      for (const { queue, child } of waiting) kept.push(...(await keepRows(parts, queue, [child])));
      if (kept.length < waiting.length) throw failed("it is being sent");
      await rewrite({ original, log, rows: kept, replacement, event });
      kept.length = 0;
    } finally {
      for (const { queue, id: row } of kept) sender.free(queue, [row]);
      busy.delete(id);
    }
  };

  async function read(id: string) {
    const [life] = await store.messages.life(id, 1);
    const entries = life?.entries ?? [];
    const root = entries.find(({ message }) => message.id === id);
    const children = entries.filter(
      ({ message, superseded }) => message.kind === "sms" && message.id !== id && !superseded,
    );
    const waiting = children.flatMap(({ message, pending }) =>
      pending === undefined ? [] : { child: message.id, queue: pending.queue },
    );
    if (root === undefined) throw new GatewayError("unknown_message_id");
    if (children.length === 0 || waiting.length < children.length)
      throw failed("it waits no more, or not all of it");
    return { original: root.message, log: root.log, waiting };
  }

  async function rewrite(given: {
    readonly original: Message;
    readonly log: readonly TraceLine[];
    readonly rows: readonly QueueRow[];
    readonly replacement: Replacement;
    readonly event: Pick<OperationEvent, "account" | "session" | "isOpen">;
  }): Promise<void> {
    const { original, rows, replacement, event } = given;
    const sms = original.sms && changed(original.sms, replacement);
    if (sms === undefined || original.joined !== undefined) throw failed("its text was joined");
    const at = clock.nowMs();
    const message: Message = { ...original, sms };
    const asked = askedAs(message, { event, codings: codingsOn(message.channel), id: newId() });
    const ruling = await engine.decide({ kind: "message", event: asked });
    if (!event.isOpen()) throw failed("nobody waits for it any more");
    if (ruling.verdict === "reject") {
      const { code, reason } = ruling;
      throw typeof code === "string" ? new GatewayError(code, reason) : failed(reason);
    }
    if (ruling.verdict !== "accept") throw failed(`the triggers left it ${ruling.verdict}`);
    if (ruling.charge > chargedIn(given.log)) throw failed("it would cost more");
    if (ruling.failed !== undefined || ruling.sends.length > 0)
      throw failed("the triggers want something else of it");
    const event2: MessageEvent = { ...asked, message };
    const actions = forwardsToEach(event2, ruling.forwards);
    if ("fault" in actions) throw failed(actions.text);
    const toEach = asked.destinations === undefined ? ruling.forwards : actions;
    if (toEach.length !== rows.length) throw failed("the triggers forward it otherwise");
    const places = toEach.map((wish, n) => {
      const row = rows[n];
      const found = parts.route(event2, wish, ruling.account);
      if ("code" in found) throw failed(found.reason);
      const { action } = found;
      const target = queueFor(action);
      if (row === undefined || "code" in target || target.queue !== row.queue)
        throw failed("the triggers forward it to another channel");
      return { of: row.id, forward: placed(event2, action, row, replacement) };
    });
    const due = places[0]?.forward.dueMs ?? 0;
    const facts = { by: `customer ${event.account}`, session: event.session };
    const line: TraceLine = { at, what: "replaced", facts };
    await store.writer.replace({
      message,
      status: due > at ? "SCHEDULED" : "QUEUED",
      places,
      lines: [line, ...storyOf(ruling.ran, at)],
    });
    sender.gone(rows);
    sender.offer(
      places.map(({ forward }) => forward),
      message,
    );
  }

  /** A new message in the place of one that waited, at the same moment unless it says another. */
  function placed(
    event: MessageEvent,
    action: ForwardToOne,
    row: QueueRow,
    { scheduleTime, scheduledMs, validityPeriod, expiresMs }: Replacement,
  ): Forward {
    const dueMs = scheduleTime === "" ? row.dueMs : (scheduledMs ?? 0);
    const untilMs = validityPeriod === "" ? row.expiresMs : expiresMs;
    if (untilMs <= dueMs) throw new GatewayError("bad_schedule");
    const forward = forwardOf(
      event,
      action,
      { queue: row.queue, dueMs, expiresMs: untilMs },
      parts,
    );
    if ("fault" in forward) throw failed(forward.text);
    return { ...forward, message: { ...forward.message, sameAsParent: false } };
  }
}

function changed(sms: Sms, replacement: Replacement): Sms {
  const { octets, scheduleTime, validityPeriod, registeredDelivery } = replacement;
  return {
    ...sms,
    octets,
    registeredDelivery,
    scheduleTime: scheduleTime === "" ? sms.scheduleTime : scheduleTime,
    validityPeriod: validityPeriod === "" ? sms.validityPeriod : validityPeriod,
  };
}

/** The message as the triggers are asked about it: an event of its own, whose root is the original. */
function askedAs(
  message: Message,
  given: {
    readonly event: Pick<OperationEvent, "session" | "isOpen">;
    readonly codings: Codings | undefined;
    readonly id: string;
  },
): MessageEvent {
  const { sms, destinations } = message;
  if (sms === undefined) throw failed("it has no content");
  const { event, codings, id } = given;
  const content = contentOf(sms, codings);
  return {
    message: { ...message, id },
    ...content,
    parts: content.parts * (destinations?.length ?? 1),
    ...(destinations === undefined
      ? {}
      : { destinations: destinations.map((to) => canonical(to, "asReceived")) }),
    session: event.session,
    expiresMs: Infinity,
    origin: "customer",
    isOpen: event.isOpen,
  };
}

/** What the triggers have charged for it. */
function chargedIn(log: readonly TraceLine[]): number {
  const charged = log.find(({ what }) => what === "answered")?.facts["charged"];
  return typeof charged === "number" ? charged : 0;
}

function failed(why: string): GatewayError {
  return new GatewayError("replace_failed", `It cannot be replaced: ${why}.`);
}
