import { addressOf } from "../model/address.ts";
import { bareSms } from "../model/bare-sms.ts";
import type { PartOfText } from "../model/part-of-text.ts";
import { encode } from "../sms/data-coding.ts";
import { measure } from "../sms/measure.ts";
import { reportFields, reportFrom, statusFields, statusFrom } from "./event-ends.ts";
import {
  account,
  bareMessage,
  bindTypes,
  clientFields,
  clientFrom,
  customers,
  isOpen,
  isReportAsked,
  peer,
  phone,
  provider,
  sender,
  tlvFields,
  tlvsFrom,
} from "./event-pieces.ts";
import type { FieldReader } from "./field-reader.ts";
import type { EngineRequest, RequestKind } from "./request.ts";

/**
 * The events of triggers by the names that their fields have in the SDK, for event files. What is left
 * out is as of a short text that Test1 sends by SMPP_SERVER1 and that goes out on SMPP1.
 */

/** The event that these fields tell of. Asks for each that there may be; the caller ends the reader. */
export function eventRequest(kind: RequestKind, fields: FieldReader, atMs: number): EngineRequest {
  return READ[kind](fields, atMs);
}

/** The fields of an event, plain values only; what a script does not see of it is left out. */
export function eventFields(request: EngineRequest): Record<string, unknown> {
  switch (request.kind) {
    case "message":
      return messageFields(request);
    case "report":
      return reportFields(request);
    case "status":
      return statusFields(request);
    case "bind": {
      const { password: _password, isOpen: _isOpen, ...fields } = request.event;
      return fields;
    }
    case "channel": {
      const { channel: name, ...fields } = request.event;
      return { ...fields, name };
    }
    case "session": {
      const { atMs, ...fields } = request.event;
      return { ...fields, lastedMs: Math.max(0, atMs - fields.boundMs) };
    }
    case "account": {
      const { atMs: _atMs, ...fields } = request.event;
      return fields;
    }
    case "schedule":
      return { ...request.event };
  }
}

function creditsIn(fields: FieldReader, name: string, usual: number): number {
  const value = fields.has(name) ? fields.any(name) : usual;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw fields.wrong(`${name} is no number`);
}

type Reader = (fields: FieldReader, atMs: number) => EngineRequest;

const READ: { readonly [Kind in RequestKind]: Reader } = {
  message: messageFrom,
  report: reportFrom,
  status: statusFrom,
  bind: (fields) => ({
    kind: "bind",
    event: {
      id: fields.text("id", "bind-1"),
      channel: fields.text("channel", customers),
      session: fields.text("session", `${customers}#1`),
      systemId: fields.text("systemId", account),
      systemType: fields.text("systemType", ""),
      password: "",
      bindType: fields.choice("bindType", bindTypes, "transceiver"),
      version: fields.count("version", 0x34, 0, 0xff),
      addressRange: fields.text("addressRange", ""),
      remote: fields.text("remote", peer),
      tls: fields.flag("tls", false),
      tlsSubject: fields.maybeText("tlsSubject"),
    },
  }),
  channel: (fields, atMs) => ({
    kind: "channel",
    event: {
      id: fields.text("id", "channel-1"),
      channel: fields.text("name", provider),
      what: fields.choice("what", ["up", "down", "paused", "drained", "resumed"], "down"),
      sinceMs: fields.count("sinceMs", atMs - 1_000),
      forMs: fields.count("forMs", 1_000),
      reason: fields.text("reason", "session ended: peer_closed"),
      first: fields.flag("first", false),
    },
  }),
  account: (fields, atMs) => ({
    kind: "account",
    event: {
      id: fields.text("id", "account-1"),
      account: fields.text("account", account),
      what: fields.choice("what", ["low"], "low"),
      credits: creditsIn(fields, "credits", 9),
      lowAt: creditsIn(fields, "lowAt", 10),
      atMs,
    },
  }),
  schedule: (fields, atMs) => ({
    kind: "schedule",
    event: {
      id: fields.text("id", "schedule-1"),
      name: fields.text("name", ""),
      dueMs: fields.count("dueMs", atMs),
      previousMs: fields.has("previousMs") ? fields.count("previousMs", 0) : undefined,
      late: fields.flag("late", false),
    },
  }),
  session: (fields, atMs) => {
    const boundMs = fields.count("boundMs", atMs - 10_000);
    const what = fields.choice("what", ["bound", "ended"], "ended");
    return {
      kind: "session",
      event: {
        id: fields.text("id", "session-1"),
        channel: fields.text("channel", customers),
        session: fields.text("session", `${customers}#1`),
        atMs: boundMs + fields.count("lastedMs", what === "bound" ? 0 : 10_000),
        what,
        reason: fields.text("reason", what === "bound" ? "" : "peer_unbound"),
        detail: fields.text("detail", ""),
        account: fields.text("account", account),
        bindType: fields.choice("bindType", bindTypes, "transceiver"),
        remote: fields.text("remote", peer),
        tls: fields.flag("tls", false),
        boundMs,
        received: fields.count("received", 0),
        sent: fields.count("sent", 0),
        others: fields.count("others", 0),
      },
    };
  },
};

const encodings = [
  "gsm7",
  "gsm7-packed",
  "ascii",
  "latin1",
  "cyrillic",
  "hebrew",
  "utf8",
  "ucs2",
  "binary",
] as const;

/** What is made up has years to go. */
const expiresMs = 4_102_444_800_000;

type Of<Kind extends RequestKind> = Extract<EngineRequest, { kind: Kind }>;

function messageFrom(fields: FieldReader): EngineRequest {
  const id = fields.text("id", "message-1");
  const origin = fields.choice("origin", ["customer", "provider"], "customer");
  const isCustomers = origin === "customer";
  const channel = fields.text("channel", isCustomers ? customers : provider);
  const from = fields.text("from", sender);
  const to = fields.text("to", phone);
  const destinations = fields.texts("destinations");
  const given = fields.octets("octets");
  const text = fields.maybeText("text", given === undefined ? "Hello" : undefined);
  const written = text === undefined ? undefined : encode(text);
  const octets = given ?? written?.octets ?? Buffer.alloc(0);
  const dataCoding = fields.count("dataCoding", written?.dataCoding ?? 4, 0, 255);
  const encoding =
    fields.any("encoding") === null
      ? undefined
      : fields.choice("encoding", encodings, written?.coding ?? "binary");
  const tlvs = tlvsFrom(fields);
  const part = partFrom(fields);
  return {
    kind: "message",
    event: {
      message: {
        ...bareMessage(id, fields.text("root", id), channel, from, to),
        ...clientFrom(fields),
        direction: "in",
        account: fields.maybeText("account", isCustomers ? account : undefined),
        sms: {
          ...bareSms(addressOf(from), addressOf(to)),
          serviceType: fields.text("serviceType", ""),
          esmClass: fields.count("esmClass", 0, 0, 255),
          priority: fields.count("priority", 0, 0, 4),
          registeredDelivery: fields.flag("reportAsked", true) ? 1 : 0,
          dataCoding,
          octets,
          tlvs: tlvs.map(([tag, , , value]) => ({ tag, octets: Buffer.from(value, "latin1") })),
        },
      },
      text,
      parts: fields.count("parts", text === undefined ? 1 : measure(text).parts, 1),
      ...(encoding === undefined ? {} : { encoding }),
      ...(part === undefined ? {} : { part }),
      ...(destinations === undefined || destinations.length < 2 ? {} : { destinations }),
      ...(tlvs.length === 0 ? {} : { tlvs }),
      session: fields.maybeText("session", `${channel}#1`),
      expiresMs,
      origin,
      isOpen,
    },
  };
}

function messageFields({ event }: Of<"message">): Record<string, unknown> {
  const { message, session, origin, text, parts, encoding, part, destinations, tlvs } = event;
  const { id, root, channel, from, to, sms } = message;
  return {
    id,
    root,
    channel,
    account: message.account ?? null,
    session: session ?? null,
    origin,
    from,
    to,
    ...(destinations === undefined ? {} : { destinations }),
    text: text ?? null,
    parts,
    ...(part === undefined ? {} : { part }),
    encoding: encoding ?? null,
    octets: sms?.octets.toString("hex") ?? "",
    ...tlvFields(tlvs),
    ...clientFields(message),
    serviceType: sms?.serviceType ?? "",
    esmClass: sms?.esmClass ?? 0,
    priority: sms?.priority ?? 0,
    dataCoding: sms?.dataCoding ?? 0,
    reportAsked: isReportAsked(sms),
  };
}

function partFrom(fields: FieldReader): PartOfText | undefined {
  if (!fields.has("part")) {
    fields.any("part");
    return undefined;
  }
  const part = fields.inner("part");
  if (part === undefined) return undefined;
  const total = part.count("total", 2, 1, 255);
  const found: PartOfText = {
    by: part.choice("by", ["udh8", "udh16", "sar"], "udh8"),
    reference: part.count("reference", 1, 0, 0xffff),
    number: part.count("number", 1, 1, total),
    total,
  };
  part.end();
  return found;
}
