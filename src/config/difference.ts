import { isDeepStrictEqual } from "node:util";
import { type Path, pathText } from "./place.ts";
import { redacted } from "./redacted.ts";
import { isRecord } from "./shape.ts";
import type { z } from "./schema.ts";

/** A setting that differs; secrets are `***` on both sides. */
export interface SettingChange {
  /** `channels.SMPP1.port`; of a group that came or went as a whole, the group. */
  readonly path: string;
  /** undefined: was not there, or is there no longer. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Every setting that differs between two that were read by this schema, in the order of the first. */
export function differences(
  before: unknown,
  after: unknown,
  schema: z.ZodType,
): readonly SettingChange[] {
  const changes: SettingChange[] = [];
  const shown = { before: redacted(before, schema), after: redacted(after, schema) };
  compare({ before, after }, shown, [], changes);
  return changes;
}

interface Pair {
  readonly before: unknown;
  readonly after: unknown;
}

function compare(pair: Pair, shown: Pair, path: Path, changes: SettingChange[]): void {
  const { before, after } = pair;
  if (isDeepStrictEqual(before, after)) return;
  if (!isRecord(before) || !isRecord(after)) {
    changes.push({ path: pathText(path), ...shown });
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    compare(entryOf(pair, key), entryOf(shown, key), [...path, key], changes);
}

function entryOf({ before, after }: Pair, key: string): Pair {
  return {
    before: isRecord(before) ? before[key] : undefined,
    after: isRecord(after) ? after[key] : undefined,
  };
}
