import { refuse } from "../../http/api-server.ts";
import { canonical, addressOf } from "../../model/address.ts";
import { GatewayError } from "../../model/error.ts";
import { idTimeMs } from "../../model/id.ts";
import type { Status } from "../../model/status.ts";
import { decode } from "../../sms/data-coding.ts";
import type { CustomerDesk, OwnMessageRow, OwnPage } from "../customer-desk.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { FieldError } from "./field-error.ts";
import {
  type ListQuery,
  STATUS_WORDS,
  type SentMessageBody,
  cancelled,
  listQuery,
  messagePage,
  pageMost,
  sentMessage,
  statusWord,
  traceBody,
} from "./read-schemas.ts";

const pageDefault = 50;

/** What a customer has sent: how it stands, what happened to it, and to take it back. */
export const messageRoutes: ApiRoutes = (routes, parts) => {
  const { host, callers } = parts;

  routes.get<{ Params: { id: string } }>(
    "/v1/messages/:id",
    {
      schema: { response: { 200: jsonOf(sentMessage, "output") } },
      onRequest: callers.need("read"),
    },
    async (request) => {
      const { account } = callers.of(request);
      const found = await deskOf(host).read(account, request.params.id);
      if (found === undefined) throw new GatewayError("unknown_message_id");
      return bodyOf(found);
    },
  );

  routes.get<{ Querystring: ListQuery }>(
    "/v1/messages",
    {
      schema: {
        querystring: jsonOf(listQuery),
        response: { 200: jsonOf(messagePage, "output") },
      },
      onRequest: callers.need("read"),
    },
    async (request) => {
      const { account } = callers.of(request);
      const page = await deskOf(host).list(wantedOf(request.query, account, parts));
      const { messages, before } = page;
      return {
        messages: messages.map(bodyOf),
        ...(before === undefined ? {} : { next_cursor: before }),
      };
    },
  );

  routes.delete<{ Params: { id: string } }>(
    "/v1/messages/:id",
    {
      schema: { response: { 200: jsonOf(cancelled, "output") } },
      onRequest: callers.need("send"),
    },
    async (request, reply) => {
      const { account, by } = callers.of(request);
      const { id } = request.params;
      const answer = await cancel(parts, { account, by, id, trace: request.id });
      if (answer.kind === "refused")
        return refuse(reply, answer.code, { detail: answer.reason, trace: request.id });
      return { id, status: "cancelled" };
    },
  );

  routes.get<{ Params: { id: string } }>(
    "/v1/messages/:id/trace",
    {
      schema: { response: { 200: jsonOf(traceBody, "output") } },
      onRequest: callers.need("admin"),
    },
    async (request) => {
      const { account } = callers.of(request);
      const { id } = request.params;
      const lines = await deskOf(host).trace(account, id);
      if (lines === undefined) throw new GatewayError("unknown_message_id");
      const steps = lines.map(({ at, what, facts }) => ({ at: timeOf(at), what, facts }));
      return { id, steps };
    },
  );
};

export function deskOf({ customers }: ApiParts["host"]): CustomerDesk {
  if (customers === undefined) throw new Error("a channel for customers without a desk");
  return customers;
}

/** The same as a cancel_sm. */
export function cancel(
  { host }: Pick<ApiParts, "host">,
  of: {
    readonly account: string;
    readonly by: string;
    readonly id: string;
    readonly trace: string;
  },
) {
  return host.emit("operation", {
    id: of.trace,
    channel: host.name,
    session: of.by,
    account: of.account,
    messageId: of.id,
    from: undefined,
    to: undefined,
    serviceType: undefined,
    what: "cancel",
    replacement: undefined,
    isOpen: () => true,
  });
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

export function bodyOf({ message, status, error, atMs }: OwnMessageRow): SentMessageBody {
  const { id, to, from, sms, client } = message;
  return {
    id,
    status: STATUS_WORDS[status],
    status_at: timeOf(atMs),
    ...(error === undefined ? {} : { error }),
    created_at: timeOf(idTimeMs(id)),
    to,
    from,
    ...(sms === undefined ? {} : contentOf(sms)),
    ...(client?.reference === undefined ? {} : { client_reference: client.reference }),
    ...(client?.tags === undefined ? {} : { tags: [...client.tags] }),
    ...(client?.callbackUrl === undefined ? {} : { callback_url: client.callbackUrl }),
  };
}

function contentOf(
  sms: NonNullable<OwnMessageRow["message"]["sms"]>,
): Pick<SentMessageBody, "text" | "data" | "data_coding"> {
  const { text, octets, dataCoding, esmClass } = sms;
  const said = text ?? decode(octets, dataCoding, (esmClass & 0x40) !== 0, undefined);
  if (said !== undefined) return { text: said };
  return { data: octets.toString("base64"), data_coding: dataCoding };
}

export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? pageDefault : Number(text);
  if (limit >= 1 && limit <= pageMost) return limit;
  throw new FieldError("bad_request", "limit", `From 1 to ${pageMost}.`);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function wantedOf(query: ListQuery, account: string, { settings }: ApiParts): OwnPage {
  const { to, client_reference: reference, status, since, until, cursor, limit } = query;
  if (cursor !== undefined && !uuid.test(cursor))
    throw new FieldError("bad_request", "cursor", "It is none that a page told.");
  const digits = to?.replaceAll(/[ ().-]/g, "").replace(/^00/, "+");
  return {
    account,
    limit: limitOf(limit),
    ...(digits !== undefined && { to: canonical(addressOf(digits), settings.numbers) }),
    ...(reference !== undefined && { reference }),
    ...(status !== undefined && { status: statusesOf(status) }),
    ...(since !== undefined && { sinceMs: momentOf(since, "since") }),
    ...(until !== undefined && { untilMs: momentOf(until, "until") }),
    ...(cursor !== undefined && { before: cursor }),
  };
}

function statusesOf(text: string): readonly Status[] {
  const words = text.split(",");
  const wrong = words.find((word) => !statusWord.safeParse(word).success);
  if (wrong !== undefined)
    throw new FieldError("bad_request", "status", `One of ${statusWord.options.join(", ")}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
  const all = Object.keys(STATUS_WORDS) as Status[];
  return all.filter((one) => words.includes(STATUS_WORDS[one]));
}

function momentOf(text: string, field: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw new FieldError("bad_request", field, "A time of RFC 3339 such as 2026-01-31T09:30:00Z.");
}
