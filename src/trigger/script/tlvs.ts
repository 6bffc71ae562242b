import type { NamedTlv, TlvType, TlvValue, TlvWishes } from "../../model/tlv.ts";
import type { Tlv, Tlvs } from "../sdk-tlvs.ts";

/** The optional parameters of an event, for an isolate, which has no Buffer. */
export function tlvsFrom(named: readonly NamedTlv[] | null): Tlvs {
  return named === null ? none : new ScriptTlvs(named);
}

/** A class, so that values are made when they are asked for. */
class ScriptTlvs implements Tlvs {
  readonly #named: readonly NamedTlv[];

  constructor(named: readonly NamedTlv[]) {
    this.#named = named;
  }

  get size(): number {
    return this.#named.length;
  }

  // The types of the standard ones are those of the table that the gateway has named them by.
  // oxlint-disable-next-line typescript/no-explicit-any
  get(which: string | number): any {
    for (const one of this.#named) {
      const value = isOf(one, which) ? valueOf(one) : undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  }

  // As above.
  // oxlint-disable-next-line typescript/no-explicit-any
  getAll(which: string | number): any {
    return this.#named.flatMap((one) => (isOf(one, which) ? (valueOf(one) ?? []) : []));
  }

  *[Symbol.iterator](): Iterator<Tlv> {
    for (const one of this.#named) {
      const [tag, name, , text] = one;
      yield { tag, name: name ?? undefined, value: valueOf(one), octets: octetsOf(text) };
    }
  }
}

const none = new ScriptTlvs([]);

function isOf([tag, name]: NamedTlv, which: string | number): boolean {
  return which === tag || which === name;
}

const WIDEST: Readonly<Partial<Record<TlvType, number>>> = { int8: 4, int16: 4, int32: 4 };

/** undefined for a number that is none: of no octets, or of more than any number has. */
function valueOf([, , type, text]: NamedTlv): TlvValue | undefined {
  const widest = WIDEST[type];
  if (widest !== undefined) {
    if (text.length === 0 || text.length > widest) return undefined;
    let value = 0;
    for (let at = 0; at < text.length; at += 1) value = value * 256 + text.charCodeAt(at);
    return value;
  }
  if (type === "octets") return octetsOf(text);
  const end = type === "cstring" ? text.indexOf("\0") : -1;
  return end < 0 ? text : text.slice(0, end);
}

function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  return octets;
}

/** A wish as it crosses over: octets as text in a list of their own, null for none of that tag. */
export type TlvAct = readonly [
  name: string,
  values: readonly (number | string | readonly [octets: string])[] | null,
];

/** Nothing is checked here, for the reason that `run.ts` gives. */
export function tlvActs(wishes: TlvWishes | undefined): readonly TlvAct[] | null {
  if (wishes === undefined) return null;
  return Object.entries(wishes).map(([name, wish]): TlvAct => {
    if (wish === null) return [name, null];
    return [name, (isList(wish) ? wish : [wish]).map(crossing)];
  });
}

function crossing(value: TlvValue): number | string | readonly [octets: string] {
  if (!(value instanceof Uint8Array)) return value;
  let text = "";
  for (const octet of value) text += String.fromCharCode(octet);
  return [text];
}

/** What a trigger before this one wanted. */
export function wishesFrom(acts: readonly TlvAct[] | null): TlvWishes | undefined {
  if (acts === null) return undefined;
  return Object.fromEntries(
    acts.map(([name, values]) => [
      name,
      values === null
        ? null
        : values.map((value) => (isOctets(value) ? octetsOf(value[0]) : value)),
    ]),
  );
}

function isOctets(
  value: number | string | readonly [octets: string],
): value is readonly [octets: string] {
  return typeof value === "object";
}

function isList(wish: TlvWishes[string]): wish is readonly TlvValue[] {
  return Array.isArray(wish);
}
