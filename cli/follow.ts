import type { LifeView, MessageView } from "../src/model/view.ts";
import type { Status } from "../src/model/status.ts";
import { chapter, head, title } from "./story.ts";
import { type Step, stepLines, stepsOf } from "./steps.ts";

/** Tells a life while it happens: of each look only what the looks before had not seen. */
export interface Follower {
  /** Lines to print; none when nothing is new. */
  news(life: LifeView): string[];
}

export function createFollower(): Follower {
  let before: LifeView | undefined;
  return {
    news(life) {
      const known = before;
      before = life;
      const lines = known === undefined ? [head(life)] : [];
      for (const [index, entry] of life.entries.entries()) {
        const old = known?.entries.find((one) => isSame(one, entry));
        if (old === undefined) lines.push(chapter(entry, index + 1));
        else lines.push(...whatIsNew(old, entry, index + 1));
      }
      if (known !== undefined && known.status !== life.status) lines.push("", head(life));
      return lines;
    },
  };
}

/** Will nothing more happen to it, as far as anybody can know? */
export function isOver(life: LifeView): boolean {
  const { entries, status } = life;
  if (entries.some(({ pending }) => pending !== undefined)) return false;
  // A status that the triggers could not decide at once is decided soon.
  if (entries.some(({ log }) => log.at(-1)?.facts["later"] !== undefined)) return false;
  // Without a report asked for, being handed over is all that can be known.
  const isReported = entries.some(({ reportAsked }) => reportAsked);
  return ENDS.has(status) || (status === "SENT" && !isReported);
}

const ENDS: ReadonlySet<Status> = new Set([
  "DELIVERED",
  "NOTDELIVERED",
  "NOREPORT",
  "FAILED",
  "EXPIRED",
  "CANCELLED",
  "RECEIVED",
]);

/** A provider may use one id twice, but not for two reports at one time. */
function isSame(one: MessageView, other: MessageView): boolean {
  return one.id === other.id && one.kind === other.kind && one.atMs === other.atMs;
}

function whatIsNew(old: MessageView, entry: MessageView, number: number): string[] {
  const seen = new Set(stepsOf(old).map(keyOf));
  const steps = stepsOf(entry).filter((step) => !seen.has(keyOf(step)));
  if (steps.length === 0 && old.status === entry.status) return [];
  return ["", title(entry, number), ...stepLines(steps)];
}

function keyOf({ at, what, text }: Step): string {
  return `${at} ${what} ${text}`;
}
