import type { ReceiptState } from "../smpp/receipt-state.ts";

/** A message as a provider over HTTP reads it. */
export interface Submitted {
  readonly from: string;
  readonly to: string;
  /** undefined for octets. */
  readonly text: string | undefined;
  /** In hex; empty for text. */
  readonly data: string;
  readonly udh: string;
  /** What it was sent with, which it may want to know. */
  readonly password: string;
  /** Ours, by which the sender would know it. */
  readonly reference: string;
  readonly report: boolean;
  /** Where the report goes; empty when it does not say. */
  readonly callback: string;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Call {
  /** Of a GET; with the question mark. */
  readonly query?: string;
  /** undefined: it is a GET. */
  readonly body: string | undefined;
  readonly type: string;
}

/** One way in which a provider speaks, the other end of `channel/http-provider/NAME.yaml`. */
export interface HttpShape {
  readonly name: ShapeName;
  readonly path: string;
  /** Instead of `/reports`, where messages are brought. */
  readonly messagesPath: string;
  /** undefined for what is no message. */
  read(request: {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    readonly body: string;
  }): Submitted | undefined;
  id(number: number): string;
  accepted(id: string): Reply;
  /** By command_status: 0x58 too fast, 0x0B no such number; all else is our fault. */
  refused(why: number | "password"): Reply;
  told(report: { readonly id: string; readonly to: string; readonly state: ReceiptState }): Call;
  message(message: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly text: string;
  }): Call;
}

export type ShapeName = "rest-json" | "cgi-form" | "xml-post";

const throttled = 0x58;
const badDestination = 0x0b;

export const httpShapes: Readonly<Record<ShapeName, HttpShape>> = {
  "rest-json": {
    name: "rest-json",
    path: "/v1/messages",
    messagesPath: "/reports",
    read({ headers, body }) {
      const all = objectFrom(body);
      const text = (key: string): string => {
        const value = all?.[key];
        return typeof value === "string" ? value : "";
      };
      if (all === undefined || text("to") === "") return undefined;
      return {
        from: text("from"),
        to: text("to"),
        text: "text" in all ? text("text") : undefined,
        data: text("data"),
        udh: text("udh"),
        password: String(headers["authorization"] ?? "").replace(/^Bearer /, ""),
        reference: text("reference"),
        report: all["report"] === true,
        callback: text("report_url"),
      };
    },
    id: (number) => `msg_${number.toString(36)}`,
    accepted: (id) => json(202, { messages: [{ id, status: "accepted" }] }),
    refused(why) {
      if (why === "password") return json(401, { error: { code: "unauthorized" } });
      if (why === throttled)
        return {
          ...json(429, { error: { code: "rate_limited" } }),
          headers: { "retry-after": "1" },
        };
      if (why === badDestination) return json(400, { error: { code: "invalid_recipient" } });
      return json(500, { error: { code: "internal" } });
    },
    told: ({ id, to, state }) => ({
      type: "application/json",
      body: JSON.stringify({
        events: [
          {
            type: "report",
            message_id: id,
            to,
            status: JSON_STATES[state],
            at: new Date().toISOString(),
          },
        ],
      }),
    }),
    message: ({ id, ...message }) => ({
      type: "application/json",
      body: JSON.stringify({ events: [{ type: "message", message_id: id, ...message }] }),
    }),
  },
  "cgi-form": {
    name: "cgi-form",
    path: "/sendsms",
    messagesPath: "/messages",
    read({ body }) {
      const fields = new URLSearchParams(body);
      const text = (key: string): string => fields.get(key) ?? "";
      if (text("to") === "") return undefined;
      return {
        from: text("from"),
        to: text("to"),
        text: fields.get("text") ?? undefined,
        data: text("data"),
        udh: text("udh"),
        password: text("password"),
        reference: "",
        report: text("report") === "1",
        callback: text("report_url"),
      };
    },
    id: (number) => `${number}-${number % 997}`,
    accepted: (id) => plain(`OK: ${id} 1 credits\n`),
    refused(why) {
      if (why === "password") return plain("ERR: 101 authentication failed\n");
      if (why === throttled) return plain("ERR: 301 slow down\n");
      if (why === badDestination) return plain("ERR: 201 invalid destination\n");
      return plain("ERR: 500 internal\n");
    },
    told: ({ id, to, state }) => ({
      type: "",
      body: undefined,
      query: `?${String(new URLSearchParams({ id, to, status: FORM_STATES[state] }))}`,
    }),
    message: (message) => ({
      type: "",
      body: undefined,
      query: `?${String(new URLSearchParams({ ...message }))}`,
    }),
  },
  "xml-post": {
    name: "xml-post",
    path: "/xml/submit",
    messagesPath: "/callback",
    read({ body }) {
      const attribute = (name: string): string =>
        unescaped(new RegExp(`\\s${name}="([^"]*)"`).exec(body)?.[1] ?? "");
      const element = (name: string): string | undefined => {
        const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(body)?.[1];
        return found === undefined ? undefined : unescaped(found);
      };
      const to = element("to");
      if (to === undefined) return undefined;
      return {
        from: element("from") ?? "",
        to,
        text: element("text") ?? "",
        data: "",
        udh: "",
        password: attribute("password"),
        reference: attribute("ref"),
        report: attribute("report") === "true",
        callback: attribute("report-url"),
      };
    },
    id: (number) => number.toString(16).toUpperCase(),
    accepted: (id) =>
      xml(`<response><result code="0"><message-id>${id}</message-id></result></response>`),
    refused(why) {
      const code = why === "password" ? 10 : why === badDestination ? 20 : 90;
      return xml(
        `<response><result code="${code}"><description>refused</description></result></response>`,
      );
    },
    told: ({ id, to, state }) => ({
      type: "application/xml",
      body: `<notify><report id="${id}"><status>${XML_STATES[state]}</status><to>${to.replace("+", "")}</to></report></notify>`,
    }),
    message: ({ id, from, to, text }) => ({
      type: "application/xml",
      body: `<notify><message id="${id}"><from>${escaped(from)}</from><to>${escaped(to)}</to><text>${escaped(text)}</text></message></notify>`,
    }),
  },
};

const JSON_STATES: Readonly<Record<ReceiptState, string>> = {
  DELIVRD: "delivered",
  UNDELIV: "undelivered",
  EXPIRED: "expired",
  REJECTD: "rejected",
  DELETED: "deleted",
  UNKNOWN: "unknown",
  ACCEPTD: "accepted",
  ENROUTE: "buffered",
};

const FORM_STATES: Readonly<Record<ReceiptState, string>> = {
  DELIVRD: "1",
  UNDELIV: "2",
  EXPIRED: "34",
  REJECTD: "16",
  DELETED: "16",
  UNKNOWN: "0",
  ACCEPTD: "8",
  ENROUTE: "4",
};

const XML_STATES: Readonly<Record<ReceiptState, string>> = {
  DELIVRD: "delivered",
  UNDELIV: "failed",
  EXPIRED: "expired",
  REJECTD: "rejected",
  DELETED: "rejected",
  UNKNOWN: "unknown",
  ACCEPTD: "sent",
  ENROUTE: "sent",
};

function json(status: number, value: unknown): Reply {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

function plain(body: string): Reply {
  return { status: 200, type: "text/plain", body };
}

function xml(body: string): Reply {
  return { status: 200, type: "application/xml", body };
}

function objectFrom(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === "object" && read !== null ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
