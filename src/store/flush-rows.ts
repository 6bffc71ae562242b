import type { JoinedPart, TraceLine } from "../model/message.ts";
import { arrayText } from "./array-text.ts";
import { boundsOf } from "./moves.ts";
import type { Step } from "./pipeline.ts";

/** Columns of rows to insert, each an array parameter. */
export function createTable(columns: number): {
  readonly size: number;
  put(row: readonly (string | number)[]): void;
  values(): string[];
} {
  // Texts that grow are cheaper than lists that are joined: the engine joins them once, when sent.
  const texts = Array.from({ length: columns }, () => "");
  let size = 0;
  return {
    get size() {
      return size;
    },
    put(row) {
      for (let n = 0; n < columns; n += 1)
        texts[n] = size === 0 ? `{${row[n]}` : `${texts[n]},${row[n]}`;
      size += 1;
    },
    values: () => texts.map((text) => `${text}}`),
  };
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
    values: [arrayText(ids), root, lowest, highest, String(atMs / 1000), text],
  };
}
