import type { JoinedPart, TraceLine } from "../model/message.ts";
import { arrayText } from "./array-text.ts";
import { boundsOf } from "./moves.ts";
import type { Step } from "./pipeline.ts";

/**
 * Columns of rows to insert, each an array parameter. A class, since a flush makes a dozen: an object with a getter of
 * its own costs V8 a hidden class each time, which keeps all these texts until the whole heap is looked through.
 */
export class Rows {
  size = 0;
  /** Texts that grow are cheaper than lists that are joined: the engine joins them once, when sent. */
  private readonly texts: string[] = [];

  put(row: readonly (string | number)[]): void {
    const { texts } = this;
    if (this.size === 0) for (const field of row) texts.push(`{${field}`);
    else for (let n = 0; n < row.length; n += 1) texts[n] = `${texts[n]},${row[n]}`;
    this.size += 1;
  }

  values(): string[] {
    return this.texts.map((text) => `${text}}`);
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
    values: [arrayText(ids), root, lowest, highest, String(atMs / 1000), text],
  };
}
