import { contentOf } from "../channel/incoming.ts";
import { type Amount, amountText, parseAmount } from "../model/amount.ts";
import type { RoutePlanView, RoutePlanWay } from "../model/route-plan-view.ts";
import type { Resolved, RouteModule, RouteQuestion, Router } from "../route/question.ts";
import type { EntryRow, LifeRow } from "../store/lives.ts";
import type { Codings } from "../sms/data-coding.ts";

/** Told as it goes on: how many were looked at, or one that would go elsewhere. */
export type PlanStep =
  | { readonly done: number }
  | {
      readonly moved: {
        readonly message: string;
        readonly from: string;
        readonly to: string;
        readonly before: RoutePlanWay;
        readonly after: RoutePlanWay;
      };
    };

/** Messages that are told one by one; the others are in the sums. */
export const movedListedMax = 1_000;

/**
 * Asks both routers about each message, as if it came now, and tells which would go elsewhere and what
 * that costs. Some 20 µs for a message; between pages everybody else has a turn.
 */
export async function* planRoutes(parts: {
  readonly running: Router;
  readonly planned: Router;
  readonly pages: AsyncIterable<readonly PlannedMessage[]>;
}): AsyncGenerator<PlanStep, RoutePlanView, void> {
  const { running, planned, pages } = parts;
  const sums = new Map<string, Sums>();
  let messages = 0;
  let moved = 0;
  for await (const page of pages) {
    for (const { id, question } of page) {
      messages += 1;
      const before = wayOf(running.resolve(question), question.parts);
      const after = wayOf(planned.resolve(question), question.parts);
      add(sums, before, question.parts, "before");
      add(sums, after, question.parts, "after");
      if (nameOf(before) === nameOf(after)) continue;
      moved += 1;
      const { from, to } = question;
      if (moved <= movedListedMax)
        yield {
          moved: { message: id, from, to, before: shown(before), after: shown(after) },
        };
    }
    yield { done: messages };
  }
  const ways = [...sums]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([way, { before, after }]) => ({ way, before: sumView(before), after: sumView(after) }));
  const all = { before: emptySum(), after: emptySum() };
  for (const { before, after } of sums.values()) {
    addSum(all.before, before);
    addSum(all.after, after);
  }
  return {
    messages,
    moved,
    listed: Math.min(moved, movedListedMax),
    before: sumView(all.before),
    after: sumView(all.after),
    ways,
  };
}

/** A message as the router would be asked about it. */
export interface PlannedMessage {
  readonly id: string;
  readonly question: RouteQuestion;
}

/** The originals of these lives. */
export function plannedFrom(
  lives: readonly LifeRow[],
  known: {
    readonly moduleOf: (channel: string) => RouteModule | "";
    readonly codingsOn: (channel: string) => Codings | undefined;
    readonly senderDefault: (account: string) => string | undefined;
  },
): PlannedMessage[] {
  return lives.flatMap(({ root, entries }) => {
    const original = entries.find(({ message }) => message.id === root);
    return original === undefined || original.message.sms === undefined
      ? []
      : [{ id: root, question: questionOf(original, known) }];
  });
}

function questionOf(
  { message }: EntryRow,
  known: Parameters<typeof plannedFrom>[1],
): RouteQuestion {
  const { from, to, account, channel, sms, joined, log } = message;
  const content = sms === undefined ? undefined : contentOf(sms, known.codingsOn(channel));
  const isOwn = log[0]?.what === "made";
  return {
    from,
    to,
    text: sms?.text ?? content?.text,
    account,
    origin: isOwn ? "own" : account === undefined ? "provider" : "customer",
    channel,
    module: known.moduleOf(channel),
    smsType: "message",
    parts: joined?.length ?? content?.parts ?? 1,
    senderDefault: account === undefined ? undefined : known.senderDefault(account),
  };
}

/** The first way, and what the message costs there. */
interface Way {
  /** A channel, `channel/account`, or what it is refused for. */
  readonly name: string;
  readonly cost: Amount | undefined;
}

function wayOf({ candidates: [first], refused }: Resolved, parts: number): Way {
  if (first === undefined)
    return { name: `refused: ${String(refused?.code ?? "no route")}`, cost: 0n };
  const { channel, account, price } = first;
  return {
    name: account === undefined ? channel : `${channel}/${account}`,
    cost: price === undefined ? undefined : parseAmount(price) * BigInt(parts),
  };
}

function nameOf({ name }: Way): string {
  return name;
}

function shown({ name, cost }: Way): RoutePlanWay {
  return { way: name, cost: cost === undefined ? undefined : amountText(cost) };
}

interface Sum {
  messages: number;
  parts: number;
  cost: Amount;
  unpriced: number;
}

interface Sums {
  readonly before: Sum;
  readonly after: Sum;
}

function emptySum(): Sum {
  return { messages: 0, parts: 0, cost: 0n, unpriced: 0 };
}

function add(
  sums: Map<string, Sums>,
  { name, cost }: Way,
  parts: number,
  when: "before" | "after",
): void {
  const of = sums.get(name) ?? { before: emptySum(), after: emptySum() };
  sums.set(name, of);
  const unpriced = cost === undefined ? 1 : 0;
  addSum(of[when], { messages: 1, parts, cost: cost ?? 0n, unpriced });
}

function addSum(to: Sum, { messages, parts, cost, unpriced }: Sum): void {
  to.messages += messages;
  to.parts += parts;
  to.cost += cost;
  to.unpriced += unpriced;
}

function sumView({ cost, ...sum }: Sum) {
  return { ...sum, cost: amountText(cost) };
}
