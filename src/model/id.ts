import { randomFillSync } from "node:crypto";
import { isShortable, shortOf } from "./short-id.ts";

const DIGITS = Buffer.from("0123456789abcdef", "latin1");

const idLength = 36;

/** Random octets are drawn in one system call for this many ids. */
const idsPerDraw = 512;

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7) that grow within this process whatever the clock does:
 * when it stands still or goes back, the 12 bits of `rand_a` count on (§6.2, method 1), and when
 * they are used up the millisecond is moved on.
 */
export function idMaker(nowMs: () => number): () => string {
  const random = Buffer.alloc(idsPerDraw * 8);
  // The text is written out and read in one piece: an id that is put together of pieces stays in pieces until somebody
  // looks something up by it, which took longer than making it.
  const id = Buffer.alloc(idLength, "-");
  let at = random.length;
  let lastMs = 0;
  let counter = 0;
  return () => {
    const now = nowMs();
    if (now > lastMs) {
      lastMs = now;
      counter = 0;
      id.write(timePrefix(lastMs), "latin1");
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
      id.write(timePrefix(lastMs), "latin1");
    }
    if (at === random.length) {
      randomFillSync(random);
      at = 0;
    }
    putHex(id, 14, 0x70 | (counter >> 8));
    putHex(id, 16, counter & 0xff);
    // The first two bits are the RFC's variant; one bit is always set, by which `short-id.ts` tells its ids from these.
    putHex(id, 19, ((random[at] ?? 0) & 0x3f) | 0x80);
    putHex(id, 21, (random[at + 1] ?? 0) | 1);
    for (let n = 2; n < 8; n += 1) putHex(id, 20 + 2 * n, random[at + n] ?? 0);
    at += 8;
    return id.toString("latin1");
  };
}

/** The moment at which an id of version 7 was made, in milliseconds since 1970 UTC. */
export function idTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The smallest id that can have been made at this millisecond: a bound for look-ups by time. */
export function firstIdAt(ms: number): string {
  return `${timePrefix(ms)}0000-0000-000000000000`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The forms in which a customer may be given an id: 36 characters, 32 hex digits, a number, or 8 hex
 * digits for those who have no room for more.
 */
export type MessageIdForm = "uuid" | "hex32" | "decimal" | "short";

/** The same id as a customer is given it. */
export function idInForm(id: string, form: MessageIdForm): string {
  switch (form) {
    case "uuid":
      return id;
    case "hex32":
      return id.replaceAll("-", "");
    case "decimal":
      return BigInt(`0x${id.replaceAll("-", "")}`).toString();
    case "short":
      // Only an id that was made for it has a short form; who wants short ones reads hex.
      return isShortable(id) ? shortOf(id) : idInForm(id, "hex32");
  }
}

/** An id of this millennium as a number; 32 digits are hex ones. */
const decimal = /^[1-9]\d{35,38}$/;

/** Reads an id in any form that we hand out, in any case. */
export function idFrom(text: string): string | undefined {
  const low = text.toLowerCase();
  const digits = decimal.test(low) ? BigInt(low).toString(16).padStart(32, "0") : low;
  const full =
    digits.length === 32
      ? `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`
      : digits;
  return uuid.test(full) ? full : undefined;
}

function timePrefix(ms: number): string {
  const text = ms.toString(16).padStart(12, "0");
  return `${text.slice(0, 8)}-${text.slice(8)}-`;
}

function putHex(id: Buffer, at: number, octet: number): void {
  id[at] = DIGITS[octet >> 4] ?? 0;
  id[at + 1] = DIGITS[octet & 0x0f] ?? 0;
}
