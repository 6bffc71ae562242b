import type { FastifyReply, FastifyRequest } from "../../http/api-server.ts";
import { refuse } from "../../http/api-server.ts";
import { type ProblemBody, problemOf } from "../../http/problem.ts";
import { ERRORS } from "../../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../../model/event.ts";
import type { OwnMessageRow, Rehearsed } from "../customer-desk.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { inField } from "./field-error.ts";
import { createKeyed } from "./keyed.ts";
import type { Caller } from "./login.ts";
import { apiMessageEvent } from "./message-in.ts";
import { type Accepted, type NewMessage, accepted, newMessage } from "./message-schemas.ts";
import { deskOf } from "./messages.ts";
import { tellRates } from "./rate-headers.ts";
import { type DryRunBody, dryRun } from "./read-schemas.ts";

/** POST /v1/messages: 202 comes after the commit, a refusal at once. And what would become of one. */
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
      if (body.dry_run === true) return rehearse(request, caller);
      if (isKeyed(request)) return sendKeyed(request, reply, caller);
      // A reply is awaited until it has gone out; the many that are accepted need not wait.
      return send(body, request, reply, { caller, id: request.id }).then((sent) => {
        if (sent === undefined) return reply;
        reply.status(202).header("location", `/v1/messages/${sent.id}`);
        return sent;
      });
    },
  );

  routes.post<{ Body: NewMessage }>(
    "/v1/messages::dry-run",
    {
      schema: { body: jsonOf(newMessage), response: { 200: jsonOf(dryRun, "output") } },
      onRequest: callers.need("send"),
    },
    (request) => rehearse(request, callers.of(request)),
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
        return body && { location: `/v1/messages/${body.id}`, body };
      },
      async again([id = ""]) {
        const found = await deskOf(host).read(account, id);
        if (found === undefined || isRefusal(found)) return undefined;
        const event = eventOf(request.body, parts, { request, caller, id });
        return { location: `/v1/messages/${id}`, body: acceptedBody(event, id) };
      },
    });
  }

  /** undefined: it was refused, and `reply` is answered. */
  async function send(
    body: NewMessage,
    request: FastifyRequest,
    reply: FastifyReply,
    from: { readonly caller: Caller; readonly id: string },
  ): Promise<Accepted | undefined> {
    const event = eventOf(body, parts, { request, ...from });
    if (body.callback_url !== undefined) await deskOf(host).callbacks.ready(from.caller.account);
    if (!work.begin(1)) {
      refuse(reply, "overloaded", { trace: request.id });
      return undefined;
    }
    try {
      const answer = await host.emit("message", event);
      tellRates(reply, host, from.caller.account);
      if (answer.kind === "accepted") return acceptedBody(event, answer.id);
      const { code, ...why } = refusalOf(answer);
      refuse(reply, code, { ...why, trace: request.id });
      return undefined;
    } finally {
      work.end(1);
    }
  }

  async function rehearse(
    request: FastifyRequest<{ Body: NewMessage }>,
    caller: Caller,
  ): Promise<DryRunBody> {
    const event = eventOf(request.body, parts, { request, caller, id: request.id });
    const { parts: count, encoding = "binary" } = event;
    const told = dryRunBody(await deskOf(host).rehearse(event), request.id);
    const credits = await deskOf(host).credits(caller.account);
    const isTooDear = credits !== undefined && (told.credits ?? 0) > credits;
    return {
      ...told,
      ...(isTooDear && {
        status: "would_be_refused",
        problem: problemOf("no_credit", { trace: request.id }),
      }),
      parts: count,
      encoding,
    };
  }
};

function dryRunBody(told: Rehearsed, trace: string): Omit<DryRunBody, "parts" | "encoding"> {
  switch (told.kind) {
    case "accepted":
      return { status: "would_be_accepted", credits: told.credits, route: [...told.route] };
    case "refused": {
      const problem = problemOfAnswer(told.code, told.reason, trace);
      return { status: "would_be_refused", problem };
    }
    case "unknown":
      return { status: "unknown", reason: told.reason };
  }
}

function problemOfAnswer(code: string | number, detail: string, trace: string): ProblemBody {
  const known = typeof code === "number" || isCode(code) ? code : "refused_by_rule";
  return problemOf(known, { detail, trace });
}

function isCode(code: string): code is keyof typeof ERRORS {
  return Object.hasOwn(ERRORS, code);
}

/** The row of a message that was refused is there for the operator alone. */
export function isRefusal({ status, message }: OwnMessageRow): boolean {
  const result = message.log.find(({ what }) => what === "answered")?.facts["result"];
  return status === "FAILED" && (result === "refused" || result === "unanswered");
}

export function refusalOf(answer: Exclude<MessageAnswer, { kind: "accepted" }>) {
  return answer.kind === "refused"
    ? { code: answer.code, detail: answer.reason, waitMs: answer.waitMs }
    : { code: "unanswered" as const, detail: "" };
}

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
  const { callback_url: url } = asked;
  if (url !== undefined)
    inField("callback_url", () => deskOf(host).callbacks.check(caller.account, url));
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
