import { setTimeout as pause } from "node:timers/promises";
import { signalled } from "./signalled.ts";

/** How often it is looked again: what an eye follows, and next to nothing for the gateway. */
const everyMs = 2_000;

/** What was seen at one look, and what the command would end with now. */
export interface Frame {
  readonly text: string;
  readonly exitCode: number;
}

/** What a terminal has for us. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
}

/**
 * Shows each look in the place of the one before, until a signal ends it; the last one stays on the
 * screen. Gives the exit code of the last look. Everything else than `look` is for tests.
 */
export async function watch(
  look: () => Promise<Frame>,
  given: {
    readonly screen?: Screen;
    readonly ended?: Promise<void>;
    readonly lookMs?: number;
  } = {},
): Promise<number> {
  const { screen = process.stdout, lookMs = everyMs } = given;
  const stop = new AbortController();
  const ended = (given.ended ?? signalled()).then(() => stop.abort());
  let last: Frame = { text: "", exitCode: 0 };
  // The alternate screen keeps what stood on the terminal before; the cursor would only flicker.
  screen.write("\u001b[?1049h\u001b[?25l");
  try {
    while (!stop.signal.aborted) {
      const seen = await Promise.race([look(), ended]);
      if (seen === undefined) break;
      last = seen;
      screen.write(drawn(seen.text, screen));
      await pause(lookMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    screen.write(`\u001b[?25h\u001b[?1049l${last.text}\n`);
  }
  return last.exitCode;
}

/** Written over what is there, line by line, since a cleared screen would blink. */
function drawn(text: string, screen: Screen): string {
  // A terminal that does not know its size says 0.
  const [columns, rows] = [screen.columns || 80, screen.rows || 24];
  const lines = text.split("\n").slice(0, Math.max(1, rows - 1));
  const shown = lines.map((line) => `${cut(line, columns)}\u001b[K`);
  return `\u001b[H${shown.join("\n")}\u001b[J`;
}

// oxlint-disable-next-line no-control-regex -- a colour begins with it.
const piece = /\u001b\[\d+m|[^]/gu;

/** A line that is wrapped would push the others down; colours take no room. */
function cut(line: string, columns: number): string {
  let room = columns;
  return (line.match(piece) ?? []).filter((one) => one.startsWith("\u001b") || room-- > 0).join("");
}
