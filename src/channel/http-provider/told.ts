import { addressOf, type Address, canonical } from "../../model/address.ts";
import type { Report } from "../../model/report.ts";
import { statusOf, isKnown, STATE_OF } from "../../smpp/receipt-state.ts";
import { type Received, valueAt } from "./body.ts";
import { type Blame, holdingOf, pickingOf } from "./rule.ts";
import type { Callbacks, MessagesRule, ReportsRule } from "./schema.ts";

/** One thing that a provider tells by a callback. */
export type Told =
  | { readonly kind: "report"; readonly report: Report; readonly from: string; readonly to: string }
  | {
      readonly kind: "message";
      readonly from: Address;
      readonly to: Address;
      /** The provider's id of it; empty without. */
      readonly id: string;
      /** undefined: it is `octets`. */
      readonly text: string | undefined;
      readonly octets: Buffer;
      readonly udh: Buffer;
      readonly dataCoding: number | undefined;
    };

/** What a callback is. */
export interface Reading {
  readonly rule: ReportsRule | MessagesRule;
  readonly kind: "reports" | "messages";
  /** undefined for what cannot be read: no id, no number. Of others' events nothing is told. */
  tell(received: Received): readonly Told[] | undefined;
}

/** Things in one callback; a larger list is refused, and its provider set to send smaller ones. */
export const itemsMax = 1_000;

/** Characters of an id or an error. */
const idMax = 200;

export function readingsOf(callbacks: Callbacks, blame: Blame): readonly Reading[] {
  const { reports, messages } = callbacks;
  return [
    ...(reports === undefined ? [] : [reportsReading(reports, blame)]),
    ...(messages === undefined ? [] : [messagesReading(messages, blame)]),
  ];
}

function reportsReading(rule: ReportsRule, blame: Blame): Reading {
  const pick = picksOf(rule, ["id", "status", "error", "from", "to", "at"], "reports", blame);
  const holds = holdingOf(rule.when, ["callbacks", "reports", "when"], blame);
  const states = new Map(
    Object.entries(rule.states).map(([word, state]) => [word.toLowerCase(), state]),
  );
  for (const [word, state] of Object.entries(rule.states))
    if (!isKnown(state))
      blame(
        ["callbacks", "reports", "states", word],
        "must be a state of a receipt, such as DELIVRD, UNDELIV, EXPIRED, REJECTD or ENROUTE",
      );
  const one = (received: Received, item: unknown): Told | undefined => {
    const messageId = pick.id(received, item)?.trim();
    const word = pick.status(received, item)?.trim();
    if (messageId === undefined || messageId === "" || word === undefined) return undefined;
    const state = states.get(word.toLowerCase()) ?? word.toUpperCase().slice(0, 20);
    const status = statusOf(state);
    const number = (text: string | undefined): string =>
      text === undefined ? "" : canonical(numberOf(text), rule.numbers);
    return {
      kind: "report",
      report: {
        messageId: messageId.slice(0, idMax),
        status,
        state: isKnown(state) ? state : STATE_OF[status],
        error: (pick.error(received, item) ?? "").slice(0, idMax),
        submittedMs: undefined,
        doneMs: momentFrom(pick.at(received, item)),
        text: "",
        networkError: undefined,
        ...(!isKnown(state) && { unread: [`state ${state}`] }),
      },
      from: number(pick.from(received, item)),
      to: number(pick.to(received, item)),
    };
  };
  return { rule, kind: "reports", tell: (received) => each(rule, received, holds, one) };
}

function messagesReading(rule: MessagesRule, blame: Blame): Reading {
  const names = ["id", "text", "data", "udh", "dataCoding", "from", "to", "at"] as const;
  const pick = picksOf(rule, names, "messages", blame);
  const holds = holdingOf(rule.when, ["callbacks", "messages", "when"], blame);
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? "", rule.encoding);
  const one = (received: Received, item: unknown): Told | undefined => {
    const from = pick.from(received, item)?.trim() ?? "";
    const to = pick.to(received, item)?.trim() ?? "";
    const text = pick.text(received, item);
    const data = pick.data(received, item);
    if (from === "" || to === "" || (text === undefined && data === undefined)) return undefined;
    const dataCoding = Number(pick.dataCoding(received, item) ?? Number.NaN);
    return {
      kind: "message",
      from: addressIn(from, rule.numbers),
      to: addressIn(to, rule.numbers),
      id: (pick.id(received, item) ?? "").slice(0, idMax),
      text: data === undefined || data === "" ? text : undefined,
      octets: octets(data),
      udh: octets(pick.udh(received, item)),
      dataCoding: dataCoding >= 0 && dataCoding <= 0xff ? dataCoding : undefined,
    };
  };
  return { rule, kind: "messages", tell: (received) => each(rule, received, holds, one) };
}

type Rule = ReportsRule | MessagesRule;

function picksOf<R extends Rule, K extends string & keyof R>(
  rule: R,
  names: readonly K[],
  kind: string,
  blame: Blame,
): Record<K, ReturnType<typeof pickingOf>> {
  const made = names.map((name) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Each of these names is a pick.
    const one = rule[name] as Parameters<typeof pickingOf>[0];
    return [name, pickingOf(one, ["callbacks", kind, name], blame)];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries loses the names.
  return Object.fromEntries(made) as Record<K, ReturnType<typeof pickingOf>>;
}

/** One that cannot be read makes all of them unreadable: a callback is answered as a whole. */
function each(
  rule: Rule,
  received: Received,
  holds: ReturnType<typeof holdingOf>,
  one: (received: Received, item: unknown) => Told | undefined,
): readonly Told[] | undefined {
  const found = rule.list === undefined ? received.data : valueAt(received, rule.list);
  const items: readonly unknown[] = Array.isArray(found)
    ? found
    : found === undefined || found === ""
      ? []
      : [found];
  if (items.length > itemsMax) return undefined;
  const all: Told[] = [];
  for (const item of items) {
    if (!holds(received, item, 0)) continue;
    const told = one(received, item);
    if (told === undefined) return undefined;
    all.push(told);
  }
  return all;
}

/** As people write numbers: blanks, and `00` for the `+`. */
function numberOf(text: string): Address {
  const bare = text.trim();
  const digits = bare.replaceAll(/[\s().-]/g, "");
  return addressOf(/^\+?\d+$/.test(digits) ? digits.replace(/^00(?=[1-9]\d{6})/, "+") : bare);
}

/** What is E.164 has the type of number that says so, for SMPP peers. */
function addressIn(text: string, numbers: Rule["numbers"]): Address {
  const address = numberOf(text);
  const shown = canonical(address, numbers);
  return shown.startsWith("+") ? addressOf(shown) : address;
}

/** RFC 3339, or seconds or milliseconds since 1970; undefined for what is none of them. */
export function momentFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
