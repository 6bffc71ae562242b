import { idTimeMs } from "../../model/id.ts";
import { decode } from "../../sms/data-coding.ts";
import { headerIn } from "../../sms/user-data-header.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import type { Held, Inbox } from "./inbox.ts";
import { FieldError } from "./field-error.ts";
import { limitOf, timeOf } from "./messages.ts";
import {
  type InboundItem,
  type InboundQuery,
  STATUS_WORDS,
  acknowledged,
  inboundPage,
  inboundQuery,
} from "./read-schemas.ts";

/** ms. Who asks for the first time has nothing in memory yet: so long the database gets. */
const firstWaitMs = 500;

/** Seconds that anybody may wait for something to come. */
const waitMost = 30;

/** Messages and reports for customers who fetch them, because they can host no webhook. */
export function inboundRoutes(inbox: Inbox): ApiRoutes {
  return (routes, { callers }: ApiParts) => {
    routes.get<{ Querystring: InboundQuery }>(
      "/v1/inbound",
      {
        schema: {
          querystring: jsonOf(inboundQuery),
          response: { 200: jsonOf(inboundPage, "output") },
        },
        onRequest: callers.need("read"),
      },
      async (request) => {
        const { account } = callers.of(request);
        const { cursor, limit, wait } = request.query;
        const behind = cursor === undefined ? 0 : Number.parseInt(cursor, 36);
        if (!Number.isSafeInteger(behind))
          throw new FieldError("bad_request", "cursor", "It is none that a page told.");
        const seconds = wait === undefined ? 0 : Number(wait);
        if (seconds > waitMost) throw new FieldError("bad_request", "wait", `At most ${waitMost}.`);
        const waitMs = Math.max(firstWaitMs, seconds * 1_000);
        const held = await inbox.fetch(account, behind, limitOf(limit), waitMs);
        const last = held.at(-1);
        return {
          items: held.map(itemOf),
          ...(last === undefined ? {} : { next_cursor: last.place.toString(36) }),
        };
      },
    );

    routes.post<{ Params: { id: string } }>(
      "/v1/inbound/:id/ack",
      {
        schema: {
          response: { 200: jsonOf(acknowledged, "output") },
        },
        onRequest: callers.need("read"),
      },
      async (request) => {
        const { id } = request.params;
        inbox.acknowledge(callers.of(request).account, id);
        return { id, status: "acknowledged" };
      },
    );
  };
}

function itemOf({ message, sms }: Held): InboundItem {
  const { id, from, to, report, client: { reference } = {} } = message;
  const base = { id, received_at: timeOf(idTimeMs(id)), from, to };
  if (report !== undefined) {
    const { messageId, status, error } = report;
    const whose = reference === undefined ? {} : { client_reference: reference };
    const told = { message_id: messageId, status: STATUS_WORDS[status], error };
    return { ...base, type: "report", ...told, ...whose };
  }
  const { text, octets, dataCoding, esmClass } = sms;
  const hasHeader = (esmClass & 0x40) !== 0;
  const said = text ?? decode(octets, dataCoding, hasHeader, undefined);
  const length = hasHeader && headerIn(octets).elements.length > 0 ? 1 + (octets[0] ?? 0) : 0;
  return {
    ...base,
    type: "message",
    ...(said === undefined
      ? { data: octets.subarray(length).toString("base64"), data_coding: dataCoding }
      : { text: said }),
    ...(length > 0 && { udh: octets.subarray(0, length).toString("hex") }),
  };
}
