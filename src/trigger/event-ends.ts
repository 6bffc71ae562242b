import { addressOf } from "../model/address.ts";
import { bareSms } from "../model/bare-sms.ts";
import type { Message } from "../model/message.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import type { Report } from "../model/report.ts";
import {
  account,
  bareMessage,
  clientFields,
  clientFrom,
  customers,
  isOpen,
  isReportAsked,
  phone,
  provider,
  sender,
  tlvFields,
  tlvsFrom,
} from "./event-pieces.ts";
import type { FieldReader } from "./field-reader.ts";
import type { EngineRequest, RequestKind } from "./request.ts";
import type { FinalStatus } from "./sdk-events.ts";

/** What became of a message, in event files: the reports of providers and the ends of what went out. */

type Of<Kind extends RequestKind> = Extract<EngineRequest, { kind: Kind }>;

const finals = [
  "DELIVERED",
  "NOTDELIVERED",
  "NOREPORT",
  "FAILED",
  "EXPIRED",
  "CANCELLED",
] as const satisfies readonly FinalStatus[];

export function reportFrom(fields: FieldReader, atMs: number): EngineRequest {
  const id = fields.text("id", "report-1");
  const channel = fields.text("channel", provider);
  const session = fields.maybeText("session", `${channel}#1`);
  const from = fields.text("from", phone);
  const to = fields.text("to", sender);
  const report = toldFrom(fields, atMs);
  const about = fields.inner("message");
  const sent = about === undefined ? undefined : matchedFrom(about, channel, from, to);
  return {
    kind: "report",
    sent,
    event: { id, channel, session, atMs, report, from, to, isOpen },
  };
}

function toldFrom(fields: FieldReader, atMs: number): Report {
  const all = ["SENT", "DELIVERED", "NOTDELIVERED", "NOREPORT"] as const;
  const status = fields.choice("status", all, "DELIVERED");
  const tlvs = tlvsFrom(fields);
  return {
    messageId: fields.text("messageId", "0A1B"),
    status,
    state: fields.text("state", STATES[status]),
    error: fields.text("error", "000"),
    submittedMs: fields.has("submittedMs") ? fields.maybeCount("submittedMs") : atMs - 5_000,
    doneMs: fields.has("doneMs") ? fields.maybeCount("doneMs") : atMs,
    text: fields.text("text", ""),
    networkError: undefined,
    ...(tlvs.length === 0 ? {} : { tlvs }),
  };
}

const STATES = {
  SENT: "ENROUTE",
  DELIVERED: "DELIVRD",
  NOTDELIVERED: "UNDELIV",
  NOREPORT: "UNKNOWN",
} as const;

function matchedFrom(
  about: FieldReader,
  channel: string,
  phoneOfReport: string,
  senderOfReport: string,
): Of<"report">["sent"] {
  const id = about.text("id", "message-2");
  const root = about.text("root", "message-1");
  const from = about.text("from", senderOfReport);
  const to = about.text("to", phoneOfReport);
  const message = bareMessage(id, root, about.text("channel", channel), from, to);
  const owner = about.maybeText("account", account);
  about.end();
  const original = { ...bareMessage(root, root, customers, from, to), account: owner };
  return { message: { ...message, account: owner }, original };
}

export function reportFields({ event, sent }: Of<"report">): Record<string, unknown> {
  const { report } = event;
  return {
    id: event.id,
    channel: event.channel,
    session: event.session ?? null,
    messageId: report.messageId,
    status: report.status,
    state: report.state,
    error: report.error,
    from: event.from,
    to: event.to,
    text: report.text,
    submittedMs: report.submittedMs ?? null,
    doneMs: report.doneMs ?? null,
    ...tlvFields(report.tlvs),
    message:
      sent === undefined
        ? null
        : {
            ...addressed(sent.message),
            root: sent.message.root,
            account: sent.original.account ?? null,
          },
  };
}

export function statusFrom(fields: FieldReader, atMs: number): EngineRequest {
  const id = fields.text("id", "message-2");
  const channel = fields.text("channel", provider);
  const from = fields.text("from", sender);
  const to = fields.text("to", phone);
  const owner = fields.maybeText("account", account);
  const status = fields.choice("status", finals, "DELIVERED");
  const first = fields.inner("root");
  const original =
    first === undefined ? undefined : originalFrom(first, { id: "message-1", from, to, owner });
  const message = {
    ...bareMessage(id, original?.id ?? id, channel, from, to),
    account: owner,
    parent: original?.id,
  };
  const word = status === "DELIVERED" || status === "NOTDELIVERED" ? STATES[status] : undefined;
  const told = fields.has("report") || word !== undefined ? fields.inner("report") : undefined;
  return {
    kind: "status",
    event: {
      id,
      atMs,
      sent: { message, original: original ?? message },
      status,
      error: fields.maybeText("error", status === "DELIVERED" ? undefined : status),
      report: told === undefined ? undefined : endFrom(told, word ?? "UNKNOWN", atMs),
    },
  };
}

function endFrom(told: FieldReader, state: string, atMs: number): Report {
  const tlvs = tlvsFrom(told);
  const report: Report = {
    messageId: "",
    status: "DELIVERED",
    state: told.text("state", state),
    error: told.text("error", "000"),
    submittedMs: undefined,
    doneMs: told.has("doneMs") ? told.maybeCount("doneMs") : atMs,
    text: "",
    networkError: undefined,
    ...(tlvs.length === 0 ? {} : { tlvs }),
  };
  told.end();
  return report;
}

function originalFrom(
  fields: FieldReader,
  usual: { id: string; from: string; to: string; owner: string | undefined },
): Message {
  const id = fields.text("id", usual.id);
  const from = fields.text("from", usual.from);
  const to = fields.text("to", usual.to);
  const tlvs = tlvsFrom(fields);
  const message: Message = {
    ...bareMessage(id, id, fields.text("channel", customers), from, to),
    ...clientFrom(fields),
    direction: "in",
    account: fields.maybeText("account", usual.owner),
    sms: {
      ...bareSms(addressOf(from), addressOf(to)),
      registeredDelivery: fields.flag("reportAsked", true) ? 1 : 0,
      tlvs: tlvs.map(([tag, , , value]) => ({ tag, octets: Buffer.from(value, "latin1") })),
    },
  };
  fields.end();
  return message;
}

export function statusFields({ event }: Of<"status">): Record<string, unknown> {
  const { sent, status, error, report } = event;
  const { message, original } = sent;
  return {
    ...addressed(message),
    account: message.account ?? null,
    status,
    error: error ?? null,
    report:
      report === undefined
        ? null
        : {
            state: report.state,
            error: report.error,
            doneMs: report.doneMs ?? null,
            ...tlvFields(report.tlvs),
          },
    root:
      original.id === message.id
        ? null
        : {
            ...addressed(original),
            account: original.account ?? null,
            reportAsked: isReportAsked(original.sms),
            ...clientFields(original),
            ...tlvFields(namedTlvs(original.sms?.tlvs ?? [], undefined)),
          },
  };
}

function addressed({ id, channel, from, to }: Message): Record<string, unknown> {
  return { id, channel, from, to };
}
