import { arrayText } from "./array-text.ts";

/**
 * Arrays in PostgreSQL's binary form (array_recv of PostgreSQL 18, and the recv function of each type). A flush
 * has dozens of elements for each life, and to read their texts was an eighth of what it cost the server.
 */

/** A type whose elements all have the same size. */
interface ElementType {
  /** The type's number in PostgreSQL's catalogue, which never changes. */
  readonly number: number;
  readonly octets: number;
  /** False for a value that the type does not have. */
  put(array: Buffer, at: number, value: Value): boolean;
}

type Value = string | number | boolean;

/** What is undefined becomes null. */
export type Values = readonly (Value | undefined)[];

const INT2: ElementType = {
  number: 21,
  octets: 2,
  put: (array, at, value) => {
    if (typeof value !== "number" || value !== (value << 16) >> 16) return false;
    array[at] = value >> 8;
    array[at + 1] = value;
    return true;
  },
};

const INT4: ElementType = {
  number: 23,
  octets: 4,
  put: (array, at, value) => {
    if (typeof value !== "number" || value !== (value | 0)) return false;
    array.writeInt32BE(value, at);
    return true;
  },
};

const FLOAT8: ElementType = {
  number: 701,
  octets: 8,
  put: (array, at, value) => {
    if (typeof value !== "number") return false;
    array.writeDoubleBE(value, at);
    return true;
  },
};

const BOOL: ElementType = {
  number: 16,
  octets: 1,
  put: (array, at, value) => {
    array[at] = value === true ? 1 : 0;
    return typeof value === "boolean";
  },
};

const UUID: ElementType = {
  number: 2950,
  octets: 16,
  put: (array, at, value) => typeof value === "string" && putUuid(array, at, value),
};

const ELEMENTS = { int2: INT2, int4: INT4, float8: FLOAT8, bool: BOOL, uuid: UUID } as const;

export type ElementName = keyof typeof ELEMENTS;

const headerOctets = 20;
const lengthOctets = 4;
const nullLength = -1;

/** Values that are none of the type are handed on as text, for the server to refuse. */
export function binaryArray(type: ElementName, values: Values): Buffer | string {
  const { number, octets, put } = ELEMENTS[type];
  const array = Buffer.allocUnsafe(headerOctets + values.length * (lengthOctets + octets));
  let at = array.writeInt32BE(values.length === 0 ? 0 : 1);
  at = array.writeInt32BE(values.includes(undefined) ? 1 : 0, at);
  at = array.writeInt32BE(number, at);
  // An array without elements has no dimension.
  if (values.length === 0) return array.subarray(0, at);
  at = array.writeInt32BE(values.length, at);
  at = array.writeInt32BE(1, at);
  for (const value of values) {
    at = array.writeInt32BE(value === undefined ? nullLength : octets, at);
    if (value === undefined) continue;
    if (!put(array, at, value)) return arrayText(values.map((one) => one ?? "NULL"));
    at += octets;
  }
  return array.subarray(0, at);
}

export function uuidArray(ids: readonly string[]): Buffer | string {
  return binaryArray("uuid", ids);
}

const uuidLength = 36;

/** Where in the text each octet begins. */
const STARTS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** A text is read as octets: by its characters it takes longer. */
const text = Buffer.alloc(uuidLength);

/** What is no hex digit makes an octet that is none. */
const noDigit = 0x100;
const DIGITS = new Uint16Array(256).fill(noDigit);
for (const digit of "0123456789abcdefABCDEF")
  DIGITS[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

function putUuid(array: Buffer, at: number, id: string): boolean {
  if (id.length !== uuidLength) return false;
  text.write(id, "latin1");
  let all = 0;
  for (let n = 0; n < STARTS.length; n += 1) {
    const octet = octetAt(STARTS[n] ?? 0);
    all |= octet;
    array[at + n] = octet;
  }
  return all <= 0xff;
}

function octetAt(start: number): number {
  const high = DIGITS[text[start] ?? 0] ?? noDigit;
  const low = DIGITS[text[start + 1] ?? 0] ?? noDigit;
  return (high << 4) | low;
}
