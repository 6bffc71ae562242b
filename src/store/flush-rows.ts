import type { JoinedPart, TraceLine } from "../model/message.ts";
import { boundsOf } from "./moves.ts";
import type { Step } from "./pipeline.ts";
import { STATEMENTS } from "./statements.ts";
import { type ElementName, type Values, binaryArray, uuidArray } from "./binary-array.ts";

/**
 * Columns of rows that a statement inserts, each an array parameter: of numbers, ids and truth values in its binary form,
 * of all else what is in its text form already (array-text.ts). A class, since a flush makes a dozen: an object with a getter of
 * its own costs V8 a hidden class each time, which keeps all these texts until the whole heap is looked through.
 */
export class Rows {
  size = 0;
  private readonly statement: keyof typeof STATEMENTS;
  private columns: readonly Column[] = [];

  constructor(statement: keyof typeof STATEMENTS) {
    this.statement = statement;
  }

  put(row: Values): void {
    // Most flushes have rows for a few statements only.
    if (this.size === 0) this.columns = typesOf(this.statement).map(columnOf);
    for (let n = 0; n < row.length; n += 1) this.columns[n]?.put(row[n]);
    this.size += 1;
  }

  values(): (string | Buffer)[] {
    return this.columns.map((column) => column.value());
  }
}

type ColumnType = ElementName | "text";

/** By the names that the statements call them; those of all others go as texts. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  bool: "bool",
  float8: "float8",
  int: "int4",
  smallint: "int2",
  uuid: "uuid",
};

const known = new Map<keyof typeof STATEMENTS, readonly ColumnType[]>();

/** The types of a statement's arrays, `$1::uuid[]` and so on, in the order of its parameters. */
function typesOf(statement: keyof typeof STATEMENTS): readonly ColumnType[] {
  const types =
    known.get(statement) ??
    Array.from(
      STATEMENTS[statement].matchAll(/\$\d+::(\w+)\[\]/g),
      ([, name = ""]) => TYPES[name] ?? "text",
    );
  known.set(statement, types);
  return types;
}

interface Column {
  put(value: Values[number]): void;
  value(): string | Buffer;
}

class BinaryColumn implements Column {
  private readonly values: Values[number][] = [];
  private readonly type: ElementName;

  constructor(type: ElementName) {
    this.type = type;
  }

  put(value: Values[number]): void {
    this.values.push(value);
  }

  value(): string | Buffer {
    return binaryArray(this.type, this.values);
  }
}

function columnOf(type: ColumnType): Column {
  return type === "text" ? new TextColumn() : new BinaryColumn(type);
}

/** A text that grows is cheaper than a list that is joined: the engine joins it once, when it is sent. */
class TextColumn implements Column {
  private text = "";

  put(value: Values[number]): void {
    this.text = this.text === "" ? `{${value}` : `${this.text},${value}`;
  }

  value(): string {
    return `${this.text}}`;
  }
}

/** What a text was joined of takes its state, once that has been written; lines: it waits no more. */
export function sharedStep(
  root: string,
  joined: readonly JoinedPart[],
  atMs: number,
  lines?: readonly TraceLine[],
): Step {
  const ids = joined.map(({ id }) => id);
  const { lowest, highest } = boundsOf(ids);
  const text = lines === undefined ? null : JSON.stringify(lines);
  return {
    name: "joined",
    values: [uuidArray(ids), root, lowest, highest, String(atMs / 1000), text],
  };
}
