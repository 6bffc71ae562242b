import type { FastifyReply, FastifyRequest } from "../../http/api-server.ts";
import { refuse } from "../../http/api-server.ts";
import type { MessageAnswer, MessageEvent } from "../../model/event.ts";
import type { TraceLine } from "../../model/message.ts";
import type { OwnMessageRow } from "../customer-desk.ts";
import type { ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { rehearse } from "./dry-run.ts";
import { emitInTurn } from "../in-turn.ts";
import { eventOf } from "./event-of.ts";
import { type Refusal, createKeyed } from "./keyed.ts";
import type { Caller } from "./login.ts";
import { type Accepted, type NewMessage, accepted, newMessage } from "./message-schemas.ts";
import { deskOf } from "./messages.ts";
import { tellRates } from "./rate-headers.ts";
import { dryRun } from "./read-schemas.ts";

/** POST /v1/messages: 202 comes after the commit, a refusal at once. */
export const sendRoutes: ApiRoutes = (routes, parts) => {
  const { host, callers, closed, work, settings } = parts;
  const keyed = createKeyed(parts);
  const isKeyed = (request: FastifyRequest): boolean =>
    request.headers["idempotency-key"] !== undefined || settings.idempotencyKey === "required";

  routes.post<{ Body: NewMessage }>(
    "/v1/messages",
    {
      schema: {
        body: jsonOf(newMessage),
        response: { 200: jsonOf(dryRun, "output"), 202: jsonOf(accepted, "output") },
      },
      onRequest: callers.need("send"),
    },
    (request, reply) => {
      const caller = callers.of(request);
      const why = closed();
      if (why !== undefined) return refuse(reply, why, { trace: request.id });
      const { body } = request;
      if (body.dry_run === true) return rehearse(body, request, parts);
      if (isKeyed(request)) return sendKeyed(request, reply, caller);
      // A reply is awaited until it has gone out; the many that are accepted need not wait.
      return send(body, request, reply, { caller, id: request.id }).then((sent) => {
        if ("code" in sent) return refuse(reply, sent.code, { ...sent, trace: request.id });
        reply.status(202).header("location", `/v1/messages/${sent.id}`);
        return sent;
      });
    },
  );

  function sendKeyed(
    request: FastifyRequest<{ Body: NewMessage }>,
    reply: FastifyReply,
    caller: Caller,
  ): Promise<FastifyReply> {
    const { account } = caller;
    return keyed(request, reply, {
      account,
      ids: [request.id],
      async send([id = request.id]) {
        const body = await send(request.body, request, reply, { caller, id });
        return "code" in body ? body : { location: `/v1/messages/${body.id}`, body };
      },
      async again([id = ""]) {
        const found = await deskOf(host).read(account, id);
        if (found === undefined || isRefusal(found)) return undefined;
        const event = eventOf(request.body, parts, { request, caller, id });
        return {
          location: `/v1/messages/${id}`,
          body: acceptedBody(event, { id, ...costOf(found) }),
        };
      },
    });
  }

  async function send(
    body: NewMessage,
    request: FastifyRequest,
    reply: FastifyReply,
    from: { readonly caller: Caller; readonly id: string },
  ): Promise<Accepted | Refusal> {
    const event = eventOf(body, parts, { request, ...from });
    if (body.callback_url !== undefined) await deskOf(host).callbacks.ready(from.caller.account);
    if (!work.begin(1)) return { code: "overloaded" };
    try {
      const answer = await emitInTurn(host, event);
      tellRates(reply, host, from.caller.account);
      return answer.kind === "accepted" ? acceptedBody(event, answer) : refusalOf(answer);
    } finally {
      work.end(1);
    }
  }
};

/** The row of a message that was refused is there for the operator alone. */
export function isRefusal(row: OwnMessageRow): boolean {
  const result = answerIn(row)?.["result"];
  return row.status === "FAILED" && (result === "refused" || result === "unanswered");
}

/** As it was when it was taken. */
function costOf(row: OwnMessageRow): { readonly charged?: number } {
  const charged = answerIn(row)?.["charged"];
  return typeof charged === "number" ? { charged } : {};
}

function answerIn({ message }: OwnMessageRow): TraceLine["facts"] | undefined {
  return message.log.find(({ what }) => what === "answered")?.facts;
}

export function refusalOf(answer: Exclude<MessageAnswer, { kind: "accepted" }>): Refusal {
  return answer.kind === "refused"
    ? { code: answer.code, detail: answer.reason, waitMs: answer.waitMs }
    : { code: "unanswered" };
}

export function acceptedBody(
  { message, parts, encoding }: MessageEvent,
  { id, charged }: { readonly id: string; readonly charged?: number },
): Accepted {
  const { reference } = message.client ?? {};
  return {
    id,
    status: "accepted",
    parts,
    encoding: encoding ?? "binary",
    ...(charged === undefined ? {} : { cost: charged }),
    ...(reference === undefined ? {} : { client_reference: reference }),
  };
}
