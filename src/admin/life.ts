import type { TraceLine } from "../model/message.ts";
import type { MessageView } from "../model/view.ts";
import type { EntryRow } from "../store/lives.ts";
import { type CodingsOn, viewOf } from "./entry.ts";

/**
 * The entries of one life, oldest first. A report that came in has no row of its own: it is made of
 * the lines of the root's trace, and each later line is put to the entry that it is about. The rows
 * may be a part of the life, as in a list.
 */
export function entriesOf(rows: readonly EntryRow[], codingsOn?: CodingsOn): MessageView[] {
  const entries = rows.map((row) => draftOf(viewOf(row, codingsOn)));
  const byId = new Map(entries.map((entry) => [entry.view.id, entry]));
  const children = entries.filter(({ view }) => view.id !== view.root && view.kind === "sms");
  const lines = rows[0]?.lifeLog ?? [];
  // Before any report, what is told is how the handing over ended. Those that an operator sent once
  // more come later, and are named then.
  const resent = new Set(lines.map(({ what, facts }) => what === "resent" && facts["message"]));
  const [first, ...others] = children.filter(({ view }) => !resent.has(view.id));
  let about =
    others.length === 0 && first !== undefined
      ? first
      : entries.find(({ view }) => view.id === view.root);
  for (const line of lines) {
    const { message } = line.facts;
    const named = typeof message === "string" ? byId.get(message) : undefined;
    if (line.what !== "reported") {
      // How a report out ended is told of that; the stage that is told of goes on. What follows on an
      // operator's word about a message is about that one.
      if (OPERATED.has(line.what) && named?.view.kind === "sms") about = named;
      const entry = NAMED.has(line.what) ? named : about;
      entry?.log.push(line);
    } else if (line.facts["none"] === true) {
      // No report came, so there is no entry for it.
      about = named ?? about;
      about?.log.push(line);
    } else {
      const from = named ?? entries[0];
      about = draftOf(reportIn(line, from?.view));
      entries.push(about);
    }
  }
  // The sort is stable: what has the same millisecond stays in the order in which it was written.
  return entries
    .map(({ view, log }) => ({ ...view, log }))
    .sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
}

/** What operators do to a message. */
const OPERATED: ReadonlySet<string> = new Set(["moved", "dropped", "cancelled", "resent"]);

/** Lines that are only about the message that they name. */
const NAMED: ReadonlySet<string> = new Set([
  "delivered",
  "failed",
  // What a failure policy did to it.
  "rerouted",
  "backup",
  ...OPERATED,
]);

interface Draft {
  readonly view: MessageView;
  readonly log: TraceLine[];
}

function draftOf(view: MessageView): Draft {
  return { view, log: [...view.log] };
}

/** A report goes from the phone to the sender, against the way of the message that it is about. */
function reportIn(line: TraceLine, about: MessageView | undefined): MessageView {
  const text = (name: string): string => {
    const value = line.facts[name];
    return value === undefined ? "" : String(value);
  };
  const sameWay = about?.kind === "report";
  return {
    id: text("report"),
    root: about?.root ?? "",
    kind: "report",
    direction: "in",
    channel: text("channel"),
    account: undefined,
    from: (sameWay ? about.from : about?.to) ?? "",
    to: (sameWay ? about.to : about?.from) ?? "",
    text: undefined,
    dataCoding: 0,
    report: { messageId: text("report"), state: text("state"), error: text("error") },
    reportAsked: false,
    status: "RECEIVED",
    error: undefined,
    pending: undefined,
    maybeTwice: false,
    attempts: [],
    log: [line],
    atMs: line.at,
  };
}

/** Original, forwarded, report in, report out: the order of a life within one millisecond. */
function rank({ id, root, kind, direction }: MessageView): number {
  if (kind === "report") return direction === "in" ? 2 : 3;
  return id === root ? 0 : 1;
}
