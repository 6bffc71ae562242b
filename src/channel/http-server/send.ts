import { refuse } from "../../http/api-server.ts";
import type { FastifyReply, FastifyRequest } from "../../http/api-server.ts";
import type { MessageAnswer, MessageEvent } from "../../model/event.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import type { Caller } from "./login.ts";
import { apiMessageEvent } from "./message-in.ts";
import { type Accepted, type NewMessage, accepted, newMessage } from "./message-schemas.ts";

/** POST /v1/messages: 202 comes after the commit, a refusal at once. */
export const sendRoutes: ApiRoutes = (routes, parts) => {
  const { host, callers, closed, work } = parts;

  routes.post<{ Body: NewMessage }>(
    "/v1/messages",
    {
      schema: { body: jsonOf(newMessage), response: { 202: jsonOf(accepted, "output") } },
      onRequest: callers.need("send"),
    },
    (request, reply) => {
      const caller = callers.of(request);
      const why = closed();
      if (why !== undefined) return refuse(reply, why, { trace: request.id });
      const event = eventOf(request.body, parts, { request, caller, id: request.id });
      if (!work.begin(1)) return refuse(reply, "overloaded", { trace: request.id });
      return host.emit("message", event).then(
        (answer) => {
          work.end(1);
          return answerWith(reply, event, answer, request.id);
        },
        (cause: unknown) => {
          work.end(1);
          throw cause;
        },
      );
    },
  );
};

/** Throws a FieldError. */
export function eventOf(
  asked: NewMessage,
  { host, settings }: Pick<ApiParts, "host" | "settings">,
  from: { readonly request: FastifyRequest; readonly caller: Caller; readonly id: string },
): MessageEvent {
  const { clock, name } = host;
  const { request, caller, id } = from;
  const { socket } = request.raw;
  const startMs = clock.tickMs();
  return apiMessageEvent(asked, {
    id,
    channel: name,
    account: caller.account,
    session: caller.by,
    nowMs: clock.nowMs(),
    numbers: settings.numbers,
    validityMs: settings.validityMs,
    scheduleAheadMs: settings.scheduleAheadMs,
    isOpen: () => !socket.destroyed && clock.tickMs() - startMs < settings.answerTimeoutMs,
  });
}

function answerWith(
  reply: FastifyReply,
  event: MessageEvent,
  answer: MessageAnswer,
  trace: string,
): FastifyReply {
  switch (answer.kind) {
    case "accepted":
      return reply
        .status(202)
        .header("location", `/v1/messages/${answer.id}`)
        .send(acceptedBody(event, answer.id));
    case "refused":
      return refuse(reply, answer.code, { detail: answer.reason, trace });
    case "unanswered":
      return refuse(reply, "unanswered", { trace });
  }
}

export function acceptedBody({ message, parts, encoding }: MessageEvent, id: string): Accepted {
  const { reference } = message.client ?? {};
  return {
    id,
    status: "accepted",
    parts,
    encoding: encoding ?? "binary",
    ...(reference === undefined ? {} : { client_reference: reference }),
  };
}
