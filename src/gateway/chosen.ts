import { numberKey } from "../model/number-key.ts";
import { type IdBase, type IdForm, canonicalProviderId } from "../model/provider-id.ts";
import type { Candidate } from "../store/candidates.ts";

/** Which message a report is about, and what speaks for it. */
export interface Choice<Of extends Candidate = Candidate> {
  readonly candidate: Of;
  /** The form of the id by which it was found. */
  readonly base: IdBase;
  /** The report names the number that the message went to. */
  readonly fits: boolean;
  /** No report, or only none in time: a final one is still to come. */
  readonly open: boolean;
}

/** What a report says of its message: the id, and the numbers that stand in it. */
export interface Named {
  readonly messageId: string;
  /** Either may be the phone: some providers leave the addresses as the message had them. */
  readonly numbers: readonly string[];
}

/**
 * The message that a report is about: first by the id as it is written, then without zeros, then
 * converted, in the order of `forms`. A message to the report's number goes before any other, since
 * ids come again after a wrap and a conversion may hit by chance. One id that came twice is the newest
 * message that has no report yet; between ids that differ nothing is guessed: undefined.
 */
export function chosenOf<Of extends Candidate>(
  candidates: readonly Of[],
  { messageId, numbers }: Named,
  forms: readonly IdForm[],
): Choice<Of> | undefined {
  if (candidates.length === 0) return undefined;
  let first: Choice<Of> | undefined;
  for (const { base, hits } of readings(candidates, messageId, forms)) {
    const fitting = hits.filter((one) => fits(one, numbers));
    const among = fitting.length > 0 ? fitting : hits;
    // Two messages whose ids are the same but for zeros or base, and nothing tells them apart.
    if (new Set(among.map((one) => one.providerId.toLowerCase())).size > 1) return undefined;
    const candidate = newest(among.filter(isOpen)) ?? newest(among);
    if (candidate === undefined) continue;
    const choice = { candidate, base, fits: fitting.length > 0, open: isOpen(candidate) };
    if (choice.fits) return choice;
    first ??= choice;
  }
  return first;
}

export function fits({ sent }: Pick<Candidate, "sent">, numbers: readonly string[]): boolean {
  const key = numberKey(sent.message.to);
  return numbers.some((number) => numberKey(number) === key);
}

/** Of each way to read the id those that it would mean; ways that mean nobody are left out. */
function* readings<Of extends Candidate>(
  candidates: readonly Of[],
  messageId: string,
  forms: readonly IdForm[],
): Generator<{ readonly base: IdBase; readonly hits: readonly Of[] }> {
  const low = messageId.toLowerCase();
  for (const { base, key } of forms) {
    if (base === "same") {
      const literal = candidates.filter((one) => one.providerId.toLowerCase() === low);
      if (literal.length > 0) {
        yield { base, hits: literal };
        continue;
      }
    }
    const hits = candidates.filter((one) => canonicalProviderId(one.providerId) === key);
    if (hits.length > 0) yield { base, hits };
  }
}

function isOpen({ status }: Candidate): boolean {
  return status === "SENT" || status === "NOREPORT";
}

function newest<Of extends Candidate>(candidates: readonly Of[]): Of | undefined {
  return candidates.toSorted((one, other) =>
    one.sent.message.id < other.sent.message.id ? 1 : -1,
  )[0];
}
