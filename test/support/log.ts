import type { Log } from "../../src/model/log.ts";

export interface RecorderLog extends Log {
  /** Every line with its level, its facts and its text. */
  readonly lines: Record<string, unknown>[];
}

/** A log that keeps what it is told, for tests that ask what an operator would have read. */
export function recorderLog(
  lines: Record<string, unknown>[] = [],
  facts: Record<string, unknown> = {},
): RecorderLog {
  const at = (level: string) => (more: Readonly<Record<string, unknown>>, text: string) => {
    lines.push({ level, ...facts, ...more, text });
  };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => recorderLog(lines, { ...facts, ...more }),
  };
}
