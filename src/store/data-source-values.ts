import pg from "pg";
import { GatewayError } from "../model/error.ts";

/** What a column can be in a script: what JSON can carry. */
export type DataValue = string | number | boolean | null | readonly unknown[] | object;

/**
 * How the text of each type of PostgreSQL is read (pg_type.dat). A moment is text in UTC; all that is
 * not in this list stays the text that PostgreSQL wrote: numeric, date, bytea, uuid.
 */
export function getTypeParser(type: number): (text: string) => unknown {
  return PARSERS.get(type) ?? asItIs;
}

const asItIs = (text: string): string => text;

const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === "t"], // bool
  [20, wholeNumber], // int8
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [114, parsedJson], // json
  [3802, parsedJson], // jsonb
  [1184, moment], // timestamptz
  // Arrays of int2, int4, text and varchar.
  ...[1005, 1007, 1009, 1015].map((type) => [type, listOf(type)] as const),
]);

/** A bigint that is silently another one would be a wrong account or a wrong balance. */
function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new GatewayError(
    "data_source_failed",
    `${text} is larger than a number of JavaScript can be: select that column as text (::text)`,
  );
}

function moment(text: string): string {
  const date = new Date(text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"));
  // `infinity`, and years that no Date knows.
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

function parsedJson(text: string): unknown {
  return JSON.parse(text);
}

function listOf(type: number): (text: string) => unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unsafe-enum-assignment -- pg's own readers are untyped, and its enum is of numbers.
  return pg.types.getTypeParser(type, "text") as (text: string) => unknown;
}
