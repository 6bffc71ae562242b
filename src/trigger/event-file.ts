import { GatewayError } from "../model/error.ts";
import { eventRequest, eventFields } from "./event-fields.ts";
import { type FieldReader, fieldReader } from "./field-reader.ts";
import type { EngineRequest, RequestKind } from "./request.ts";

/**
 * Events as JSON: what `trace export` writes, what `trigger replay --file` and `trigger run --event`
 * read, and how the gateway hands out what it has recorded. `"signalbox": 1`, the `kind`, the fields of
 * the event by their names in the SDK, `calls` with what the gateway answered its triggers, `outcome`
 * with what was decided then. Everything but the first two may be left out of one written by hand.
 */

/** Counts up when a file of before cannot be read any more. */
export const eventFileVersion = 1;

/** An event that may be decided again. */
export interface RecordedEvent {
  /** Milliseconds since 1970 UTC at which it came in; `now()` of its triggers. */
  readonly atMs: number;
  readonly request: EngineRequest;
  readonly calls: readonly RecordedCall[];
  /** What was decided when it came in; undefined for one that was made up. */
  readonly outcome: RecordedOutcome | undefined;
}

/** One host call of a trigger, with its answer. */
export interface RecordedCall {
  readonly trigger: string;
  /** `kv.get` */
  readonly name: string;
  /** A list, as JSON. */
  readonly args: string;
  /** As JSON: the value, or where `ok` is false the text of the error. undefined: it was cut. */
  readonly answer: string | undefined;
  readonly ok: boolean;
}

/** What a decision came to, in words that can be compared. */
export interface RecordedOutcome {
  /** One for each thing that was decided: `accepted`, `forwarded to SMPP1 +31… "Hello"`. */
  readonly words: readonly string[];
  /** Which version of each trigger decided it. */
  readonly triggers: readonly { readonly name: string; readonly version: number }[];
  /** Why it cannot be compared, such as a text that is not kept any more; undefined when it can. */
  readonly doubt: string | undefined;
}

const KINDS: readonly RequestKind[] = [
  "message",
  "report",
  "status",
  "bind",
  "channel",
  "session",
  "account",
  "schedule",
];

/** Events in one file. */
const eventsMax = 100_000;

/**
 * The events of a file: one, a list of them, or one a line. `place` is the file's name, for what is
 * wrong: throws `bad_request` with one sentence that begins with it.
 */
export function readEventFile(text: string, place: string): RecordedEvent[] {
  const values = valuesOf(text, place);
  if (values.length === 0) throw new GatewayError("bad_request", `${place} holds no event`);
  if (values.length > eventsMax)
    throw new GatewayError("bad_request", `${place} holds more than ${eventsMax} events`);
  return values.map((value, index) =>
    eventFrom(value, values.length === 1 ? place : `${place}[${index}]`),
  );
}

function valuesOf(text: string, place: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    // Lines of events begin with a whole object each; else it is one object over many lines.
    if (lines.length < 2 || lines[0]?.endsWith("}") !== true) throw notJson(place, text, cause);
    return lines.map((line, index): unknown => {
      try {
        return JSON.parse(line);
      } catch (error) {
        throw notJson(`${place}, line ${index + 1}`, line, error);
      }
    });
  }
}

function notJson(place: string, text: string, cause: unknown): GatewayError {
  const end = text.trimEnd().at(-1);
  const isCut = text.trimStart().startsWith("{") || text.trimStart().startsWith("[");
  const why = cause instanceof Error ? cause.message : String(cause);
  const words =
    text.trim() === ""
      ? "is empty"
      : isCut && end !== "}" && end !== "]"
        ? "ends in the middle: it was cut, or is not written yet"
        : `is no JSON: ${why}`;
  return new GatewayError("bad_request", `${place} ${words}`, { cause });
}

/** One event out of JSON; throws `bad_request`. */
export function eventFrom(value: unknown, place: string): RecordedEvent {
  const fields = fieldReader(value, place);
  if (!fields.has("signalbox"))
    throw fields.wrong(`is no event file: it begins with "signalbox": ${eventFileVersion}`);
  const version = fields.any("signalbox");
  if (version !== eventFileVersion)
    throw fields.wrong(
      `is of version ${JSON.stringify(version)}; this Signalbox reads ${eventFileVersion}`,
    );
  if (!fields.has("kind")) throw fields.wrong(`has no kind; there are ${KINDS.join(", ")}`);
  const kind = fields.choice("kind", KINDS, "message");
  const calls = fields.list("calls").map(callFrom);
  const outcome = fields.has("outcome") ? outcomeFrom(fields.inner("outcome")) : undefined;
  const atMs = fields.count("atMs", Date.now());
  const request = eventRequest(kind, fields, atMs);
  fields.end();
  return { atMs, request, calls, outcome };
}

/**
 * A made-up event of this kind from some of its fields by their names in the SDK, the rest as is usual:
 * for tests and dry runs. Throws `bad_request` for a field that is unknown or of another type.
 */
export function madeUpEvent(
  kind: RequestKind,
  given: Readonly<Record<string, unknown>>,
  atMs: number,
): EngineRequest {
  const fields = fieldReader(given, kind);
  const request = eventRequest(kind, fields, atMs);
  fields.end();
  return request;
}

/** The event as JSON, on one line. */
export function eventFileText(recorded: RecordedEvent): string {
  const { request, atMs, calls, outcome } = recorded;
  return JSON.stringify({
    signalbox: eventFileVersion,
    kind: request.kind,
    atMs,
    ...eventFields(request),
    ...(calls.length === 0 ? {} : { calls: calls.map(callFields) }),
    ...(outcome === undefined ? {} : { outcome }),
  });
}

function callFields({ trigger, name, args, answer, ok }: RecordedCall): Record<string, unknown> {
  const call = { trigger, name, args: valueOf(args) };
  if (answer === undefined) return { ...call, cut: true };
  return ok ? { ...call, answer: valueOf(answer) } : { ...call, refused: valueOf(answer) };
}

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Arguments come from a script, which may have written them by hand.
    return json;
  }
}

function callFrom(fields: FieldReader): RecordedCall {
  const trigger = fields.text("trigger", "");
  const name = fields.text("name", "");
  if (trigger === "" || name === "") throw fields.wrong("names no trigger or no call");
  const args = JSON.stringify(fields.any("args") ?? []);
  const isCut = fields.flag("cut", false);
  const refused = fields.maybeText("refused");
  const answer = JSON.stringify(fields.any("answer") ?? null);
  fields.end();
  if (isCut) return { trigger, name, args, answer: undefined, ok: true };
  if (refused !== undefined)
    return { trigger, name, args, answer: JSON.stringify(refused), ok: false };
  return { trigger, name, args, answer, ok: true };
}

function outcomeFrom(fields: FieldReader | undefined): RecordedOutcome | undefined {
  if (fields === undefined) return undefined;
  const words = fields.texts("words") ?? [];
  const doubt = fields.maybeText("doubt");
  const triggers = fields.list("triggers").map((one) => {
    const trigger = { name: one.text("name", ""), version: one.count("version", 0) };
    one.end();
    return trigger;
  });
  fields.end();
  return { words, triggers, doubt };
}
