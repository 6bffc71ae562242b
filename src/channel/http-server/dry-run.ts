import type { FastifyRequest } from "../../http/api-server.ts";
import { type ProblemBody, problemOf } from "../../http/problem.ts";
import { ERRORS } from "../../model/error.ts";
import type { Rehearsed } from "../customer-desk.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { eventOf } from "./event-of.ts";
import { type NewMessage, newMessage } from "./message-schemas.ts";
import { deskOf } from "./messages.ts";
import { type DryRunBody, type RateQuery, dryRun, rate, rateQuery } from "./read-schemas.ts";

/** What would become of a message, and what one to there would cost. */
export const dryRunRoutes: ApiRoutes = (routes, parts) => {
  const { callers } = parts;

  routes.post<{ Body: NewMessage }>(
    "/v1/messages::dry-run",
    {
      schema: { body: jsonOf(newMessage), response: { 200: jsonOf(dryRun, "output") } },
      onRequest: callers.need("send"),
    },
    (request) => rehearse(request.body, request, parts),
  );

  routes.get<{ Querystring: RateQuery }>(
    "/v1/rates",
    {
      schema: { querystring: jsonOf(rateQuery), response: { 200: jsonOf(rate, "output") } },
      onRequest: callers.need("read"),
    },
    async (request) => {
      const { to, from } = request.query;
      const shortest = { to, text: ".", ...(from === undefined ? {} : { from }) };
      const {
        parts: _parts,
        encoding: _encoding,
        ...told
      } = await rehearse(shortest, request, parts);
      return { to, ...told };
    },
  );
};

/** Asks everybody who would decide about it, and changes nothing. Throws a FieldError. */
export async function rehearse(
  asked: NewMessage,
  request: FastifyRequest,
  parts: Pick<ApiParts, "host" | "settings" | "callers">,
): Promise<DryRunBody> {
  const caller = parts.callers.of(request);
  const event = eventOf(asked, parts, { request, caller, id: request.id });
  const { parts: count, encoding = "binary" } = event;
  const desk = deskOf(parts.host);
  const told = dryRunBody(await desk.rehearse(event), request.id);
  const credits = await desk.credits(caller.account);
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
