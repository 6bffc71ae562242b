import { SingleBar } from "cli-progress";
import { count, size } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** How far a long work has come. */
export interface Progress {
  /** `total` may become known later, or never; it may grow. `note` is how it goes, behind the rest. */
  at(done: number, total: number | undefined, note?: string): void;
  /** Leaves the last state on the screen and goes to the next line. */
  end(): void;
}

/** Times a second that the bar is drawn at most. */
const drawsPerSecond = 10;

/**
 * A bar on standard error, for a person at a terminal; else nothing. `unit` is what is counted, in
 * the plural, or `octets`.
 */
export function createProgress(
  { json }: Pick<GlobalOptions, "json">,
  what: { readonly label: string; readonly unit: string },
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  if (!stream.isTTY || json === true) return { at: () => undefined, end: () => undefined };
  const words = (number: number) =>
    what.unit === "octets" ? size(number) : count(number, what.unit, what.unit);
  let noted = "";
  const bar = new SingleBar({
    stream,
    fps: drawsPerSecond,
    hideCursor: true,
    // The bar of a work whose end is not known would lie; its sum does not.
    format: (_options, { progress, value, total }) =>
      total > 0
        ? `${what.label}  ${drawn(progress)}  ${Math.floor(progress * 100)} %  ${words(value)} of ${words(total)}${noted}`
        : `${what.label}  ${words(value)}${noted}`,
  });
  let started = false;
  return {
    at(done, total, note) {
      noted = note === undefined ? "" : `  ${note}`;
      if (!started) bar.start(total ?? 0, done);
      started = true;
      bar.setTotal(total ?? 0);
      bar.update(done);
    },
    end() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/** Characters. */
const barWidth = 30;

function drawn(progress: number): string {
  const full = Math.round(Math.min(1, Math.max(0, progress)) * barWidth);
  return "█".repeat(full) + "░".repeat(barWidth - full);
}
