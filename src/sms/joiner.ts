import type { Concatenation } from "./concatenation.ts";
import type { PartContent } from "./joined.ts";

/** A part that waits for the others of its text. */
export interface HeldPart extends PartContent {
  /** The message that it is, so that whoever asked for its outcome can be told. */
  readonly id: string;
  /** Parts are joined within it only: the channel and account, or the provider group. */
  readonly group: string;
  readonly from: string;
  readonly to: string;
  readonly concatenation: Concatenation;
  /** When it came, milliseconds since 1970 UTC. */
  readonly atMs: number;
}

export interface JoinerLimits {
  /** How long the first part of a text waits for the last one, ms. */
  readonly waitMs: number;
  /** How long a whole text is remembered, so that a part which is repeated late is known, ms. 0: not. */
  readonly repeatMs: number;
  /** Texts of one group that wait at a time: one sender of endless first parts disturbs no other. */
  readonly textsPerGroupMax: number;
  /** Octets of all parts that wait or are remembered, `keepingOctets` for each included. */
  readonly octetsMax: number;
}

/** Ten minutes is what a network takes that resends; 32 MiB hold some 20,000 parts. */
export const joinerLimits: JoinerLimits = {
  waitMs: 600_000,
  repeatMs: 60_000,
  textsPerGroupMax: 10_000,
  octetsMax: 32 * 1_024 * 1_024,
};

/** What a part takes in memory besides its octets: a rough mean of objects and texts. */
const keepingOctets = 1_600;

export type JoinOutcome<P extends HeldPart = HeldPart> =
  /** It waits. `givenUp`: parts under the same reference that cannot be completed any more. */
  | { readonly kind: "held"; readonly givenUp: readonly P[] }
  /** It was the last one: all parts in their order. */
  | {
      readonly kind: "whole";
      readonly parts: readonly P[];
      readonly givenUp: readonly P[];
    }
  /**
   * The same octets stood in the same place before, as the part `of`. `kept`: that one's text is whole
   * already, and this may prove to be the begin of another text, in whose `whole` it then stands.
   */
  | { readonly kind: "repeated"; readonly of: string; readonly kept: boolean }
  /** Nothing was kept: refuse it with "try again later". */
  | { readonly kind: "full"; readonly limit: "textsPerGroupMax" | "octetsMax" };

/** What time it is comes with each part and each question, so that time need not pass in a test. */
export interface Joiner<P extends HeldPart = HeldPart> {
  add(part: P): JoinOutcome<P>;
  /** Takes one back that waits or was kept as repeated: it could not be stored, say. */
  remove(part: P): void;
  /**
   * The text was whole and could not be taken: `left` of its parts wait again, at most twice as long as
   * any other. All that was remembered of it is forgotten.
   */
  reopen(whole: readonly P[], left: readonly P[]): void;
  /** Takes out the texts that have waited too long, oldest first; each with the parts that came. */
  expired(nowMs: number): readonly (readonly P[])[];
  /** When there will be something in `expired`; undefined when nothing waits. */
  nextMs(): number | undefined;
  /** Every part that waits. Added to a new joiner in this order, they go on waiting after a restart. */
  held(): readonly P[];
  /** Counted as `octetsMax` says. */
  octets(): number;
}

/** The parts of a text by their sequence. */
type Text<P> = Map<number, P>;

interface Remembered<P> {
  readonly text: Text<P>;
  readonly untilMs: number;
  /** What came again since. It may prove to be another text that begins alike. */
  readonly again: Text<P>;
}

/**
 * Joins parts that agree in group, addresses, and kind, number and total of their reference, in any
 * order. A part that differs from the one in its place begins another text: senders use their few
 * references again.
 */
export function createJoiner<P extends HeldPart = HeldPart>(limits: JoinerLimits): Joiner<P> {
  // Both in the order of their begin, which is that of their end.
  const waiting = new Map<string, Text<P>>();
  const remembered = new Map<string, Remembered<P>>();
  const textsOf = new Map<string, number>();
  let octets = 0;

  function add(part: P): JoinOutcome<P> {
    forgetUntil(part.atMs);
    const key = keyOf(part);
    const { sequence, total } = part.concatenation;
    const text = waiting.get(key);
    const before = text?.get(sequence);
    if (before !== undefined && isSame(before, part))
      return { kind: "repeated", of: before.id, kept: false };
    const known = text === undefined ? remembered.get(key) : undefined;
    const original = known?.text.get(sequence);
    if (known !== undefined && original !== undefined && isSame(original, part))
      return repeat(known, original, part);

    const full = limitFor(part, { isNew: text === undefined, needed: known });
    if (full !== undefined) return { kind: "full", limit: full };
    const givenUp = before === undefined ? [] : take(key);
    const open = waiting.get(key) ?? begin(key, part.group);
    if (known !== undefined) {
      // It is no repetition but a text that begins like the last one: what was taken for repeated
      // belongs to it.
      for (const [place, again] of known.again) if (place !== sequence) keep(open, again);
      forget(key, known);
    }
    keep(open, part);
    return open.size === total
      ? { kind: "whole", parts: finish(key, open, part.atMs), givenUp }
      : { kind: "held", givenUp };
  }

  /** Room may be made by forgetting, never by giving up what waits. */
  function limitFor(
    part: HeldPart,
    { isNew, needed }: { isNew: boolean; needed: Remembered<P> | undefined },
  ): "textsPerGroupMax" | "octetsMax" | undefined {
    if (isNew && (textsOf.get(part.group) ?? 0) >= limits.textsPerGroupMax)
      return "textsPerGroupMax";
    const most = limits.octetsMax - weightOf(part);
    for (const [key, known] of remembered) {
      if (octets <= most) break;
      if (known !== needed) forget(key, known);
    }
    return octets > most ? "octetsMax" : undefined;
  }

  function repeat(known: Remembered<P>, original: P, part: P): JoinOutcome<P> {
    const { sequence, total } = part.concatenation;
    if (!known.again.has(sequence)) {
      const full = limitFor(part, { isNew: false, needed: known });
      if (full !== undefined) return { kind: "full", limit: full };
      keep(known.again, part);
    }
    // All of it has come again, so nothing of it is the begin of another text.
    if (known.again.size === total) drop(known.again);
    return { kind: "repeated", of: original.id, kept: known.again.get(sequence) === part };
  }

  function remove(part: P): void {
    const key = keyOf(part);
    const { sequence } = part.concatenation;
    const text = waiting.get(key);
    const again = remembered.get(key)?.again;
    if (text?.get(sequence) === part) {
      // The last of its text: then the text goes, too.
      if (text.size === 1) take(key);
      else drop(text, sequence);
    } else if (again?.get(sequence) === part) drop(again, sequence);
  }

  function reopen(whole: readonly P[], left: readonly P[]): void {
    const [first] = whole;
    if (first === undefined) return;
    const key = keyOf(first);
    const known = remembered.get(key);
    // Another text may have become whole under the same reference since.
    if (known?.text.get(first.concatenation.sequence) === first) forget(key, known);
    if (left.length === 0) return;
    const text = waiting.get(key) ?? begin(key, first.group);
    for (const part of left) if (!text.has(part.concatenation.sequence)) keep(text, part);
  }

  function begin(key: string, group: string): Text<P> {
    const text: Text<P> = new Map();
    waiting.set(key, text);
    textsOf.set(group, (textsOf.get(group) ?? 0) + 1);
    return text;
  }

  function finish(key: string, text: Text<P>, nowMs: number): readonly P[] {
    const parts = take(key).sort((a, b) => a.concatenation.sequence - b.concatenation.sequence);
    if (limits.repeatMs > 0) {
      for (const part of parts) octets += weightOf(part);
      remembered.set(key, { text, untilMs: nowMs + limits.repeatMs, again: new Map() });
    }
    return parts;
  }

  /** Takes a text out of those that wait, its parts in the order of arrival. */
  function take(key: string): P[] {
    const parts = [...(waiting.get(key)?.values() ?? [])];
    waiting.delete(key);
    const group = parts[0]?.group ?? "";
    const left = (textsOf.get(group) ?? 0) - 1;
    if (left > 0) textsOf.set(group, left);
    else textsOf.delete(group);
    for (const part of parts) octets -= weightOf(part);
    return parts;
  }

  function keep(text: Text<P>, part: P): void {
    text.set(part.concatenation.sequence, part);
    octets += weightOf(part);
  }

  function drop(text: Text<P>, only?: number): void {
    for (const [sequence, part] of text) {
      if (only !== undefined && only !== sequence) continue;
      octets -= weightOf(part);
      text.delete(sequence);
    }
  }

  function forget(key: string, known: Remembered<P>): void {
    remembered.delete(key);
    drop(known.text);
    drop(known.again);
  }

  function forgetUntil(nowMs: number): void {
    for (const [key, known] of remembered) {
      if (known.untilMs > nowMs) break;
      forget(key, known);
    }
  }

  function nextMs(): number | undefined {
    for (const text of waiting.values()) return firstMs(text) + limits.waitMs;
    return undefined;
  }

  return {
    add,
    remove,
    reopen,
    nextMs,
    expired(nowMs) {
      forgetUntil(nowMs);
      const over: (readonly P[])[] = [];
      for (const [key, text] of waiting) {
        if (firstMs(text) + limits.waitMs > nowMs) break;
        over.push(take(key));
      }
      return over;
    },
    held: () => [...waiting.values()].flatMap((text) => [...text.values()]),
    octets: () => octets,
  };
}

function keyOf({ group, from, to, concatenation }: HeldPart): string {
  const { kind, reference, total } = concatenation;
  return `${group}\0${from}\0${to}\0${kind}\0${reference}\0${total}`;
}

function isSame(a: HeldPart, b: HeldPart): boolean {
  return a.dataCoding === b.dataCoding && a.octets.equals(b.octets);
}

function weightOf(part: HeldPart): number {
  return part.octets.length + keepingOctets;
}

/** Of the part that came first; a text is never empty. */
function firstMs(text: Text<HeldPart>): number {
  for (const part of text.values()) return part.atMs;
  return 0;
}
