import { GatewayError } from "./error.ts";

/** Says whether a message may have this sender, in its canonical form. */
export type AllowedSenders = (from: string) => boolean;

/** Senders in one list. */
const entriesMax = 100;

/** What stands for every sender that is no number; longer than any of them, which have 11 characters. */
const anyName = "alphanumeric";

/** Characters of a sender: data_sm has room for 64 (SMPP v3.4 §5.2.8). */
const form = /^[^,*\s](?:[^,*]{0,63}[^,*\s])?\*?$|^\*$/;

/**
 * Reads who an account may send as, the way an operator writes it: `+31201234567, +3197*, 4040, Shop`. A
 * sender stands there as it is in traces, `*` behind one allows all that begin so, and `alphanumeric`
 * every one with a letter in it. Names count with their capitals. An empty text allows every sender.
 * Throws `bad_request`.
 */
export function allowedSendersFrom(text: string): AllowedSenders {
  if (text.trim() === "") return () => true;
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > entriesMax) throw wrong(`There are more than ${entriesMax} senders.`);
  const exact = new Set<string>();
  const prefixes: string[] = [];
  let names = false;
  for (const entry of entries) {
    if (!form.test(entry))
      throw wrong(`"${entry}" is no sender such as +31201234567, +3197*, Shop or ${anyName}.`);
    if (entry === anyName) names = true;
    else if (entry.endsWith("*")) prefixes.push(entry.slice(0, -1));
    else exact.add(entry);
  }
  return (from) =>
    exact.has(from) ||
    (names && /\p{L}/u.test(from)) ||
    prefixes.some((prefix) => from.startsWith(prefix));
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
