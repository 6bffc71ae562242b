/**
 * What travels between gateway and host, one frame (frame.ts) at a time. The first character says
 * what it is; events and results are lines, so that the host can move them without parsing.
 *
 * To the host: `E` events, `A` answers of host calls, `X` keys of events that are over, `B` a bundle
 * to load, `N` the names of its triggers, `U` an isolate to dispose of, `Q` a slot to close.
 * From the host: `H` it is up, `B` the outcome of a load, `R` lines: `B` a batch of events was taken
 * up, `S` an event has ended, with a line per trigger, `C` host call, `G` log line, `W` an isolate
 * was loaded anew, `M` microseconds of processor that a trigger had since it was last told.
 */

export type LoadAnswer =
  | { readonly isolate: number; readonly registered: string }
  | { readonly isolate: number; readonly fault: string };

/** Tells the host what it must know of the triggers of a bundle, by their order in the file. */
export interface Arming {
  readonly isolate: number;
  readonly triggers: readonly { readonly name: string; readonly skip: boolean }[];
}

export interface SentEvent {
  readonly key: number;
  readonly atMs: number;
  /** To be run alone, because it was in a host that died. */
  readonly solo: boolean;
  /** Slots in the order in which they run, with commas between. */
  readonly slots: string;
  /** One line of JSON. */
  readonly tuple: string;
}

export function eventsText(kind: string, events: readonly SentEvent[]): string {
  let text = `E${kind}`;
  for (const { key, atMs, solo, slots, tuple } of events)
    text += `\n${key} ${atMs} ${solo ? 1 : 0} ${slots}\n${tuple}`;
  return text;
}

export interface Answer {
  readonly key: number;
  readonly slot: number;
  readonly number: number;
  readonly ok: boolean;
  /** One line of JSON: the value, or the text of the error. */
  readonly json: string;
}

export function answersText(answers: readonly Answer[]): string {
  return `A${answers
    .map(({ key, slot, number, ok, json }) => `${key} ${slot} ${number} ${ok ? "+" : "-"}\n${json}`)
    .join("\n")}`;
}

/** What one trigger did, as the host passed it on: nothing of the payload has been checked yet. */
export interface RanLine {
  readonly slot: number;
  readonly us: number;
  /** `+` accepted, `-` rejected, `.` neither, `!` fault, `x` overran, `q` not to be run. */
  readonly flag: string;
  readonly payload: string;
}

export interface Call {
  readonly key: number;
  readonly slot: number;
  readonly number: number;
  readonly name: string;
  /** JSON that nobody has checked yet. */
  readonly args: string;
}

/** Who hears what a host tells. */
export interface HostListener {
  batchTaken(kind: string): void;
  settled(key: number, ran: readonly RanLine[]): void;
  called(call: Call): void;
  logged(slot: number, text: string): void;
  reloaded(slot: number, why: string): void;
  /** Microseconds of processor, about once a second. */
  spent(slot: number, us: number): void;
}

/** Reads the lines of an `R` frame. */
export function readResults(text: string, listener: HostListener): void {
  const lines = text.split("\n");
  for (let at = 0; at < lines.length;) {
    const line = lines[at++] ?? "";
    const rest = line.slice(1);
    switch (line.charAt(0)) {
      case "B":
        listener.batchTaken(rest);
        break;
      case "S": {
        const [key, count] = fieldsOf(rest, 2);
        const end = at + Number(count);
        const ran: RanLine[] = [];
        while (at < end) ran.push(ranLine(lines[at++] ?? ""));
        listener.settled(Number(key), ran);
        break;
      }
      case "C": {
        const [key, slot, number, name = "", args = ""] = fieldsOf(rest, 5);
        const at = { key: Number(key), slot: Number(slot), number: Number(number) };
        listener.called({ ...at, name, args });
        break;
      }
      case "G": {
        const [slot, json = ""] = fieldsOf(rest, 2);
        listener.logged(Number(slot), textOf(json));
        break;
      }
      case "M": {
        const [slot, us] = fieldsOf(rest, 2);
        listener.spent(Number(slot), Number(us));
        break;
      }
      case "W": {
        const [slot, json = ""] = fieldsOf(rest, 2);
        listener.reloaded(Number(slot), textOf(json));
        break;
      }
    }
  }
}

function ranLine(line: string): RanLine {
  // Cut by hand, without the list that `fieldsOf` gives: there is one for each trigger of each event.
  const afterSlot = line.indexOf(" ");
  const afterUs = line.indexOf(" ", afterSlot + 1);
  return {
    slot: Number(line.slice(0, afterSlot)),
    us: Number(line.slice(afterSlot + 1, afterUs)),
    flag: line.charAt(afterUs + 1),
    payload: line.slice(afterUs + 2),
  };
}

/** The first fields, which have blanks between; the last one takes the rest of the line. */
function fieldsOf(line: string, count: number): string[] {
  const fields: string[] = [];
  let at = 0;
  while (fields.length < count - 1) {
    const blank = line.indexOf(" ", at);
    if (blank < 0) break;
    fields.push(line.slice(at, blank));
    at = blank + 1;
  }
  fields.push(line.slice(at));
  return fields;
}

/** A text that a script may have written by hand: it need not be JSON. */
export function textOf(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    // Whoever writes lines by hand gets them back as they are.
    return json;
  }
}
