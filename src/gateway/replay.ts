import { contentOf } from "../channel/incoming.ts";
import { erasedAddress } from "../model/address.ts";
import type { Message, TraceLine } from "../model/message.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import type { Report } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import { type Codings, decode } from "../sms/data-coding.ts";
import type { TriggerView } from "../model/view.ts";
import type { EntryRow, LifeRow } from "../store/lives.ts";
import { eventFileText, type RecordedCall, type RecordedEvent } from "../trigger/event-file.ts";
import {
  chargedRoute,
  chargedWords,
  failedWords,
  forwardedWords,
  routedWord,
  refusedWords,
  reportedWords,
  sentWords,
} from "../trigger/outcome-words.ts";

/** Reads lives as event files, a text for each event; for the operator, a life at a time. */
export type ReadEvents = (life: LifeRow) => readonly string[];

/** Looks once at which triggers there are, so it is made anew for each list of lives. */
export function eventReader(
  parts: Omit<ReplayParts, "eventOf"> & { readonly triggers: readonly TriggerView[] },
): ReadEvents {
  const events = new Map(parts.triggers.map(({ name, event }) => [name, event]));
  const eventOf = (trigger: string) => events.get(trigger);
  return (life) => recordedEvents(life, { ...parts, eventOf }).map(eventFileText);
}

export interface ReplayParts {
  /** What is meant by a data_coding on a channel; by all as in the specification when undefined. */
  readonly codingsOn: (channel: string) => Codings | undefined;
  /** What a channel has agreed with its peer. */
  readonly tlvsOn: (channel: string) => ChannelTlvs | undefined;
  /** For which event a trigger is now; undefined of one that is gone. */
  readonly eventOf: (trigger: string) => string | undefined;
}

/**
 * The events of one life as its rows and its trace tell of them, oldest first: the message, the reports
 * about what was made of it, and how each of those ended, each with the answers of its triggers' calls
 * and what was decided. What no trigger was asked about, such as a message of our own, is left out.
 */
export function recordedEvents({ entries }: LifeRow, parts: ReplayParts): RecordedEvent[] {
  const original = entries.find(({ message }) => message.id === message.root);
  if (original === undefined || original.message.kind !== "sms") return [];
  const events: RecordedEvent[] = [];
  const first = messageEvent(original, entries, parts);
  if (first !== undefined) events.push(first);
  const lines = original.lifeLog;
  const sent = entries.filter(
    ({ message }) => message.kind === "sms" && message.parent !== undefined,
  );
  for (const [index, line] of lines.entries()) {
    if (line.what !== "reported" || line.facts["none"] === true) continue;
    const about = sent.find(({ message }) => message.id === line.facts["message"]);
    if (about === undefined || line.facts["repeated"] === true) continue;
    events.push(reportEvent(line, after(lines, index), about.message, original.message, parts));
  }
  for (const entry of sent) {
    const event = statusEvent(
      entry,
      original.message,
      { lines, entries, isOnly: sent.length === 1 },
      parts,
    );
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** What was written together with a report. */
function after(lines: readonly TraceLine[], index: number): readonly TraceLine[] {
  const rest = lines.slice(index + 1);
  const next = rest.findIndex(({ what }) => what === "reported");
  return next === -1 ? rest : rest.slice(0, next);
}

const isOpen = (): boolean => true;

function messageEvent(
  { message, atMs }: EntryRow,
  entries: readonly EntryRow[],
  parts: ReplayParts,
): RecordedEvent | undefined {
  const { sms, channel, log } = message;
  const answered = log.find(({ what }) => what === "answered");
  // Of our own, or a part of a text that was decided as a whole.
  if (sms === undefined || answered === undefined || log[0]?.what === "made") return undefined;
  const content = contentOf(sms, parts.codingsOn(channel));
  const text = sms.text ?? content.text;
  const { session } = log[0]?.facts ?? {};
  const origin = message.account === undefined ? "provider" : "customer";
  const request: RecordedEvent["request"] = {
    kind: "message",
    event: {
      message,
      ...content,
      text,
      parts: message.joined?.length ?? content.parts,
      ...(sms.tlvs.length === 0
        ? {}
        : { tlvs: namedTlvs(sms.tlvs, parts.tlvsOn(channel)?.declared) }),
      session: typeof session === "string" ? session : undefined,
      expiresMs: 0,
      origin,
      isOpen,
    },
  };
  const children = entries.filter(({ message: one }) => isForward(one, message.id));
  return {
    atMs,
    request,
    calls: callsIn(log),
    outcome: {
      words: messageWords(message, text, answered, children, parts),
      triggers: triggersIn(log),
      doubt: doubtOf(message, children),
    },
  };
}

function isForward({ parent, kind }: Message, of: string): boolean {
  return parent === of && kind === "sms";
}

function messageWords(
  message: Message,
  text: string | undefined,
  { facts }: TraceLine,
  children: readonly EntryRow[],
  { codingsOn }: ReplayParts,
): readonly string[] {
  const { log } = message;
  const fault = log.find(({ what, facts: { fault: one, skipped } }) => {
    return what === "trigger" && one !== undefined && skipped !== true;
  });
  if (facts["result"] === "unanswered") return ["unanswered"];
  if (facts["result"] === "refused")
    return fault === undefined
      ? [refusedWords(String(facts["error"]))]
      : [`undecided ${String(facts["error"])}`];
  const words = ["accepted"];
  const { charged, failed } = facts;
  if (facts["price"] === "of its route") words.push(chargedRoute);
  else if (typeof charged === "number") words.push(chargedWords(charged));
  if (failed !== undefined) words.push(failedWords(String(failed)));
  const asks = ((message.sms?.registeredDelivery ?? 0) & 3) !== 0;
  const forwards = children.map(({ message: child }) => {
    const { sms } = child;
    const came = sms?.dataCoding !== message.sms?.dataCoding ? sms?.dataCoding : undefined;
    const route = child.log.find(({ what }) => what === "routed")?.facts;
    return forwardedWords({
      channel: route === undefined ? child.channel : routedWord,
      account: route === undefined ? child.account : message.account,
      from: route?.["from"] === undefined ? child.from : message.from,
      to: route?.["to"] === undefined ? child.to : message.to,
      text: child.sameAsParent || sms === undefined ? text : textOf(child, codingsOn),
      dataCoding: came,
      report: !asks && ((sms?.registeredDelivery ?? 0) & 3) !== 0,
    });
  });
  return [...words, ...forwards.toSorted(), ...madeIn(log)];
}

function textOf(
  { sms, channel, parent }: Message,
  codingsOn: ReplayParts["codingsOn"],
): string | undefined {
  if (sms === undefined || parent === undefined) return undefined;
  // The octets are those that came in, so they say what they said there.
  return (
    sms.text ?? decode(sms.octets, sms.dataCoding, (sms.esmClass & 0x40) !== 0, codingsOn(channel))
  );
}

/** Why what is stored of a message does not say what was decided. */
function doubtOf(message: Message, children: readonly EntryRow[]): string | undefined {
  const { facts = {} } = message.log.find(({ what }) => what === "answered") ?? {};
  if (message.from === erasedAddress || message.to === erasedAddress)
    return "its number was erased";
  const wasAccepted = message.log.some(
    ({ what, facts: { result } }) => what === "trigger" && String(result).startsWith("accepted"),
  );
  const wasRejected = message.log.some(
    ({ what, facts: { result, fault } }) =>
      what === "trigger" && (fault !== undefined || String(result).includes("rejected: ")),
  );
  if (facts["result"] === "refused" && wasAccepted && !wasRejected)
    return `the gateway refused it itself: ${String(facts["error"])}`;
  const changed = children.flatMap(({ lifeLog }) => lifeLog).find(({ what }) => CHANGED.has(what));
  return changed === undefined ? undefined : `it was ${changed.what} afterwards`;
}

/** After these the rows do not tell any more what triggers said. */
const CHANGED: ReadonlySet<string> = new Set(["moved", "replaced", "readdressed", "resent"]);

function reportEvent(
  line: TraceLine,
  next: readonly TraceLine[],
  message: Message,
  original: Message,
  parts: ReplayParts,
): RecordedEvent {
  const { facts, at } = line;
  const text = (name: string): string => (facts[name] === undefined ? "" : String(facts[name]));
  const request: RecordedEvent["request"] = {
    kind: "report",
    sent: { message, original },
    event: {
      id: text("report"),
      channel: text("channel"),
      session: facts["session"] === undefined ? undefined : text("session"),
      atMs: at,
      report: reportOf(line),
      from: message.to,
      to: message.from,
      isOpen,
    },
  };
  const own = next.filter((one) => isOf(one, "report", parts));
  return {
    atMs: at,
    request,
    calls: callsIn(own),
    outcome: {
      words: [facts["applied"] === true ? "applied" : "not applied", ...madeIn(own)],
      triggers: triggersIn(own),
      doubt: facts["applied"] === undefined ? "it is not told whether it was applied" : undefined,
    },
  };
}

/** Of a trigger for this kind of event; one that is gone is taken to be. */
function isOf({ facts }: TraceLine, kind: string, { eventOf }: ReplayParts): boolean {
  const { trigger } = facts;
  return typeof trigger === "string" && (eventOf(trigger) ?? kind) === kind;
}

/** As far as the trace tells; when it was and what of the text it repeated is not kept. */
function reportOf({ facts, at }: TraceLine): Report {
  const state = String(facts["state"] ?? "");
  return {
    messageId: String(facts["report"] ?? ""),
    status: REPORTED[state] ?? "NOTDELIVERED",
    state,
    error: String(facts["error"] ?? ""),
    submittedMs: undefined,
    doneMs: at,
    text: "",
    networkError: undefined,
  };
}

/** What the words of a report say; every other one says that it was not delivered. */
const REPORTED: Readonly<Record<string, Report["status"]>> = {
  DELIVRD: "DELIVERED",
  ENROUTE: "SENT",
  ACCEPTD: "SENT",
  BUFFRED: "SENT",
  SCHEDULED: "SENT",
  UNKNOWN: "NOREPORT",
};

const FINAL: readonly Status[] = [
  "DELIVERED",
  "NOTDELIVERED",
  "NOREPORT",
  "FAILED",
  "EXPIRED",
  "CANCELLED",
];

function statusEvent(
  entry: EntryRow,
  original: Message,
  life: {
    readonly lines: readonly TraceLine[];
    readonly entries: readonly EntryRow[];
    readonly isOnly: boolean;
  },
  parts: ReplayParts,
): RecordedEvent | undefined {
  const { message, status, error, superseded } = entry;
  if (superseded || !FINAL.includes(status)) return undefined;
  const reported = life.lines.findLast(
    ({ what, facts }) =>
      what === "reported" && facts["message"] === message.id && facts["none"] !== true,
  );
  const isTold = status === "DELIVERED" || status === "NOTDELIVERED";
  const report = isTold && reported !== undefined ? reportOf(reported) : undefined;
  const own = life.lines.filter((one) => isOf(one, "status", parts));
  const at = own.at(-1)?.at ?? reported?.at ?? entry.atMs;
  const told = life.entries.filter(
    ({ message: one }) => one.kind === "report" && one.parent === message.id,
  );
  const wanted = own.filter(({ facts }) => String(facts["result"]).includes("reported to"));
  // Where its sender did not ask, the trigger's wish is in the trace and no report was made.
  const words =
    told.length === 0
      ? wanted.map(() => reportedWords(undefined, undefined))
      : told.map(({ message: { report: made } }) =>
          reportedWords(
            report === undefined || made?.state === report.state ? undefined : made?.state,
            report === undefined || made?.error === report.error ? undefined : made?.error,
          ),
        );
  return {
    atMs: at,
    request: {
      kind: "status",
      event: { id: message.id, atMs: at, sent: { message, original }, status, error, report },
    },
    calls: callsIn(own),
    outcome: {
      words: [...words, ...madeIn(own)],
      triggers: triggersIn(own),
      doubt: statusDoubt(original, life.isOnly),
    },
  };
}

function statusDoubt(original: Message, isOnly: boolean): string | undefined {
  if (!isOnly) return "several messages were made of it, and the trace does not tell them apart";
  if (original.joined !== undefined) return "a text that was joined is reported by its parts";
  return undefined;
}

function callsIn(lines: readonly TraceLine[]): RecordedCall[] {
  return lines.flatMap(({ what, facts }): RecordedCall[] => {
    if (what !== "call") return [];
    const { trigger, call, args, answer, refused } = facts;
    const told = answer ?? refused;
    return [
      {
        trigger: String(trigger),
        name: String(call),
        args: String(args),
        answer: told === undefined || told === erasedAddress ? undefined : String(told),
        ok: refused === undefined,
      },
    ];
  });
}

function triggersIn(lines: readonly TraceLine[]): { name: string; version: number }[] {
  return lines.flatMap(({ what, facts: { trigger, version } }) =>
    what === "trigger" ? [{ name: String(trigger), version: Number(version) }] : [],
  );
}

function madeIn(lines: readonly TraceLine[]): string[] {
  return lines.flatMap(({ what, facts: { channel } }) =>
    what === "made" ? [sentWords(String(channel))] : [],
  );
}
