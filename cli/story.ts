import type { LifeView, MessageView } from "../src/model/view.ts";
import { contentOf } from "./message.ts";
import { dateTime, paint } from "./print.ts";
import { statusText } from "./status-text.ts";
import { stepLines, stepsOf } from "./steps.ts";

/** A life as a person reads it: a head, then a chapter for each entry. */
export function story(life: LifeView, oldestFirst: boolean): string {
  const count = life.entries.length === 1 ? "1 entry" : `${life.entries.length} entries`;
  const order = life.entries.length < 2 ? "" : oldestFirst ? ", oldest first" : ", newest first";
  const chapters = life.entries.map((entry, index) => chapter(entry, index + 1));
  const ordered = oldestFirst ? chapters : chapters.toReversed();
  return [`${head(life)}  ${count}${order}`, ...ordered].join("\n");
}

/** Which life, and how it stands. */
export function head(life: LifeView): string {
  return `${paint("bold", life.root)}  ${statusAndError(life)}`;
}

/** Entries keep the number of their age, whichever way they are listed. */
export function chapter(entry: MessageView, number: number): string {
  const content = contentOf(entry);
  const lines = ["", title(entry, number), `  ${dateTime(entry.atMs)}  ${entry.id}`];
  if (content !== "") lines.push(entry.report === undefined ? `  "${content}"` : `  ${content}`);
  lines.push(...stepLines(stepsOf(entry)));
  if (entry.pending !== undefined) {
    const { queue, dueMs, tries } = entry.pending;
    lines.push(`  waits in ${queue}, due ${dateTime(dueMs)}, ${tries} tries so far`);
  }
  if (entry.maybeTwice)
    lines.push(
      paint(
        "yellow",
        "  maybe sent twice: it was in flight when a connection or the gateway ended",
      ),
    );
  return lines.join("\n");
}

/** `2. sms out  SMPP1  account Test1  +1 → +2  SENT` */
export function title(entry: MessageView, number: number): string {
  const account = entry.account === undefined ? "" : `  account ${entry.account}`;
  const what = paint("bold", `${number}. ${entry.kind} ${entry.direction}`);
  return `${what}  ${entry.channel}${account}  ${entry.from} → ${entry.to}  ${statusAndError(entry)}`;
}

function statusAndError({ status, error }: Pick<LifeView, "status" | "error">): string {
  return statusText(status) + (error === undefined ? "" : ` (${error})`);
}
