import type { Action, Ran } from "../model/decision.ts";
import { isAmount } from "../model/amount.ts";
import { ERRORS, type ErrorCode } from "../model/error.ts";
import { type RanLine, textOf } from "./batch.ts";
import type { TriggerLimits } from "./limits.ts";
import type { Fault } from "./position.ts";
import type { RequestKind } from "./request.ts";
import { wishesOf } from "./tlv-wishes.ts";

/** Characters of a trace line, a reason and a fault as they are kept. */
export const noteCharactersMax = 1000;

/** Characters of an address, an account or a channel. SMPP has at most 65 octets for any of them. */
const nameCharactersMax = 255;

/** Credits in one accept: what a short message of 255 parts costs at the dearest price known, and more. */
const chargeMax = 1_000_000;

const commandStatusMax = 0xffff_ffff;

/** SMPP v3.4 appendix B: `stat:` and `err:` of a receipt, which is what a report becomes. */
const stateForm = /^[A-Z]{1,7}$/;
const errorForm = /^[0-9A-Za-z]{1,3}$/;

/** priority_flag (SMPP v3.4 §5.2.14). */
const priorityMax = 3;

/** data_coding (SMPP v3.4 §5.2.19). */
const dataCodingMax = 0xff;

/** Targets of one `else`, as in a rule of the routing table. */
const elseMax = 20;

/** What may be asked for, per kind of event: the letters of `script/run.ts`. */
const ALLOWED: Record<RequestKind, string> = {
  bind: "art",
  message: "arfxst",
  report: "prst",
  status: "ost",
  channel: "s",
  session: "s",
  account: "s",
  schedule: "s",
};

export interface RanTrigger {
  readonly name: string;
  readonly version: number;
  readonly skip: boolean;
}

/**
 * What a trigger asked for, checked: the isolate it comes from may be hostile, so nothing is
 * believed. What does not fit is a fault of the trigger. `placed` puts the author's place in front
 * of the text of a throw, and finds his line.
 */
export function ranOf(
  line: RanLine,
  trigger: RanTrigger,
  kind: RequestKind,
  limits: TriggerLimits,
  placed: (text: string) => Fault,
): Ran {
  switch (line.flag) {
    case "+":
    case "-":
    case ".": {
      const actions = actionsOf(line.payload, kind, limits);
      if (typeof actions === "string") return faultOf(trigger, "trigger_failed", actions, line.us);
      // The flag steered the host; a wrong one would have ended the run too early or too late.
      if (line.flag === "-" && !actions.some((action) => action.do === "reject"))
        return faultOf(trigger, "trigger_failed", "told a reject that it did not give", line.us);
      return { trigger: trigger.name, version: trigger.version, us: line.us, actions };
    }
    case "q":
      return faultOf(trigger, "trigger_unavailable", textOf(line.payload), line.us);
    default: {
      const { text, source } = placed(textOf(line.payload));
      const fault = faultOf(trigger, "trigger_failed", text, line.us);
      return source === undefined ? fault : { ...fault, source: noteOf(source) };
    }
  }
}

export type Faulted = Extract<Ran, { readonly fault: unknown }>;

export function faultOf(trigger: RanTrigger, fault: ErrorCode, text: string, us: number): Faulted {
  const { name, version, skip } = trigger;
  return { trigger: name, version, us, fault, text: noteOf(text), skipped: skip };
}

/** The actions, or what is wrong with them. */
function actionsOf(
  payload: string,
  kind: RequestKind,
  limits: TriggerLimits,
): readonly Action[] | string {
  if (payload === "[]") return [];
  let acts: unknown;
  try {
    acts = JSON.parse(payload);
  } catch {
    // Only a script that tampers with its runtime gets here.
    return "its result cannot be read";
  }
  if (!Array.isArray(acts)) return "its result cannot be read";
  if (acts.length > limits.actionsMax)
    return `asked for ${acts.length} actions; ${limits.actionsMax} are allowed`;
  const actions: Action[] = [];
  for (const act of acts) {
    const action = actionOf(act, kind);
    if (typeof action === "string") return action;
    actions.push(action);
  }
  return actions;
}

function actionOf(act: unknown, kind: RequestKind): Action | string {
  if (!Array.isArray(act)) return "its result cannot be read";
  const [what, ...fields]: unknown[] = act;
  if (typeof what !== "string" || what.length !== 1 || !ALLOWED[kind].includes(what))
    return `asked for an action that a ${kind} does not have`;
  switch (what) {
    case "a":
      return acceptOf(fields[0], fields[1], kind);
    case "r":
      return rejectOf(fields[0], fields[1]);
    case "f":
      return forwardOf(fields);
    case "p":
      return { do: "apply" };
    case "o":
      return reportOf(fields[0], fields[1], fields[2] ?? null);
    case "s":
      return sendOf(fields);
    case "x":
      return typeof fields[0] === "string"
        ? { do: "fail", reason: noteOf(fields[0]) }
        : "fail takes a reason that is a text";
    default:
      return typeof fields[0] === "string"
        ? { do: "trace", text: noteOf(fields[0]) }
        : "trace takes a text";
  }
}

function acceptOf(charge: unknown, account: unknown, kind: RequestKind): Action | string {
  if (kind === "bind" && charge !== null) return "accept of a bind takes no charge";
  if (kind === "message" && account !== null) return "accept of a message takes no account";
  if (charge !== null && charge !== "route" && !isCharge(charge))
    return `accept takes a charge that is a number from 0 to ${chargeMax}, with at most 4 digits behind the point, or "route"`;
  if (account !== null && !isName(account)) return "accept takes an account that is a name";
  return {
    do: "accept",
    ...(charge === null ? {} : { charge }),
    ...(account === null ? {} : { account }),
  };
}

function isCharge(value: unknown): value is number {
  if (typeof value !== "number" || !(value >= 0 && value <= chargeMax)) return false;
  return Number.isInteger(value) || isAmount(value);
}

function rejectOf(code: unknown, reason: unknown): Action | string {
  if (!isCode(code))
    return "reject takes a code of docs/errors.md or a command_status from 1 to 0xFFFFFFFF";
  if (reason !== null && typeof reason !== "string") return "reject takes a reason that is a text";
  return { do: "reject", code, ...(reason === null ? {} : { reason: noteOf(reason) }) };
}

function isCode(code: unknown): code is ErrorCode | number {
  if (typeof code === "string") return Object.hasOwn(ERRORS, code);
  return typeof code === "number" && Number.isInteger(code) && code > 0 && code <= commandStatusMax;
}

function forwardOf(fields: readonly unknown[]): Action | string {
  const [channel, account, from, to, text, report = null, tlvs = null] = fields;
  const destination = fields[7] ?? null;
  // It crosses over only where it was given, and what is no number in JSON crosses as null.
  const dataCoding = fields[8] === false ? undefined : fields[8];
  const others = fields[9] ?? undefined;
  if (channel !== null && !isName(channel)) return "forward takes a channel that is a name";
  if (account !== null && !isName(account)) return "forward takes an account that is a name";
  if (from !== null && !isName(from)) return "forward takes a from that is an address";
  if (to !== null && !isName(to)) return "forward takes a to that is an address";
  if (text !== null && typeof text !== "string") return "forward takes a text that is a text";
  if (destination !== null && !isName(destination))
    return "forward takes a destination that is an address";
  if (report !== null && report !== true) return "forward takes a report that is true or left out";
  const wishes = tlvs === null ? undefined : wishesOf(tlvs);
  if (typeof wishes === "string") return `forward takes ${wishes}`;
  if (dataCoding !== undefined && !isUpTo(dataCodingMax, dataCoding))
    return `forward takes a dataCoding that is a whole number from 0 to ${dataCodingMax}`;
  if (others !== undefined && !areNames(others))
    return `forward takes an else that is a list of at most ${elseMax} targets`;
  if (others !== undefined && channel === null)
    return "forward takes an else beside a channel only: without one the routing table says both";
  return {
    do: "forward",
    ...(channel === null ? {} : { channel }),
    ...(account === null ? {} : { account }),
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
    ...(text === null ? {} : { text: storable(text) }),
    ...(report === null ? {} : { report }),
    ...(wishes === undefined ? {} : { tlvs: wishes }),
    ...(destination === null ? {} : { destination }),
    ...(dataCoding === undefined ? {} : { dataCoding }),
    ...(others === undefined ? {} : { else: others }),
  };
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= elseMax && value.every(isName);
}

function sendOf(fields: readonly unknown[]): Action | string {
  const [channel, account, from, to, text, priority, tlvs = null, dataCoding] = fields;
  if (!isName(channel)) return "send takes a channel that is a name";
  if (account !== null && !isName(account)) return "send takes an account that is a name";
  if (!isName(from)) return "send takes a from that is an address";
  if (!isName(to)) return "send takes a to that is an address";
  if (typeof text !== "string") return "send takes a text that is a text";
  if (priority !== null && !isUpTo(priorityMax, priority))
    return `send takes a priority that is a whole number from 0 to ${priorityMax}`;
  const wishes = tlvs === null ? undefined : wishesOf(tlvs);
  if (typeof wishes === "string") return `send takes ${wishes}`;
  if (dataCoding !== undefined && !isUpTo(dataCodingMax, dataCoding))
    return `send takes a dataCoding that is a whole number from 0 to ${dataCodingMax}`;
  return {
    do: "send",
    channel,
    ...(account === null ? {} : { account }),
    from,
    to,
    text: storable(text),
    ...(priority === null ? {} : { priority }),
    ...(wishes === undefined ? {} : { tlvs: wishes }),
    ...(dataCoding === undefined ? {} : { dataCoding }),
  };
}

function isUpTo(most: number, value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function reportOf(state: unknown, error: unknown, tlvs: unknown): Action | string {
  if (state !== null && !fits(state, stateForm))
    return "report takes a state of 1-7 upper case letters";
  if (error !== null && !fits(error, errorForm))
    return "report takes an error of 1-3 digits or letters";
  const wishes = tlvs === null ? undefined : wishesOf(tlvs);
  if (typeof wishes === "string") return `report takes ${wishes}`;
  return {
    do: "report",
    ...(state === null ? {} : { state }),
    ...(error === null ? {} : { error }),
    ...(wishes === undefined ? {} : { tlvs: wishes }),
  };
}

function fits(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}

function isName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= nameCharactersMax &&
    !value.includes("\0") &&
    value.isWellFormed()
  );
}

function noteOf(text: string): string {
  return storable(text.length > noteCharactersMax ? text.slice(0, noteCharactersMax) : text);
}

/** PostgreSQL stores neither U+0000 nor half a surrogate pair. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
