import { GatewayError } from "../model/error.ts";
import type { StatusEvent } from "../model/event.ts";
import type { Resolved, RouteQuestion } from "../route/question.ts";
import type { HostFunction, HostFunctions } from "../trigger/engine.ts";
import {
  type AskedByHand,
  type Routing,
  type RoutingParts,
  questionAbout,
  submitInfo,
} from "./routing.ts";

type Request = Parameters<HostFunction>[1];

/** What scripts ask of the routing table: about the message of their event, or another one. */
export function routeCalls(parts: Pick<RoutingParts, "routeOf"> & Routing): HostFunctions {
  const answered = ({ candidates: ways, refused, steps }: Resolved) => ({ ways, refused, steps });
  return {
    "routes.resolve": async ([about], request) =>
      answered(parts.resolve(questionOf(aboutFrom(about), request))),
    "routes.explain": async ([about], request) =>
      answered(parts.resolve(questionOf(aboutFrom(about), request), { explain: true })),
  };

  function questionOf(about: Partial<AskedByHand>, request: Request): RouteQuestion {
    const base = ofEvent(request);
    const to = about.to ?? base?.to;
    if (to === undefined)
      throw new GatewayError("bad_request", "routes are asked about a message: name its `to`");
    const whole = { ...base, ...about, to };
    // Another account has another default, another channel another kind.
    if (base === undefined || about.account !== undefined || about.channel !== undefined) {
      const { module: _module, senderDefault: _default, ...rest } = whole;
      return parts.questionOf(rest);
    }
    return { ...base, ...about };
  }

  function ofEvent(request: Request): RouteQuestion | undefined {
    if (request.kind === "message") return questionAbout(request.event, {}, parts);
    return request.kind === "status" ? ofStatus(request.event) : undefined;
  }

  /** It goes the other way: to whoever sent the message. */
  function ofStatus({ sent, status }: StatusEvent): RouteQuestion {
    const { original } = sent;
    const { account, channel } = original;
    const module = parts.moduleOf(channel);
    const origin = account === undefined ? "provider" : "customer";
    return {
      from: original.to,
      to: original.from,
      account,
      origin,
      channel,
      module,
      smsType: "status_report",
      parts: 1,
      senderDefault: account === undefined ? undefined : parts.routeOf(account),
      variables: {
        submit_info: submitInfo(module, origin),
        billid: original.root,
        sms_stat: status,
      },
    };
  }
}

const fields = ["to", "from", "text", "account", "channel"] as const;

/** What a script has said, none of which anybody has checked. */
function aboutFrom(value: unknown): Partial<AskedByHand> {
  if (value === null || value === undefined) return {};
  if (typeof value !== "object") throw wrong("an object such as { to: message.to }");
  const about: { -readonly [Key in keyof AskedByHand]?: AskedByHand[Key] } = {};
  for (const field of fields) {
    const text: unknown = Reflect.get(value, field);
    if (text === undefined || text === null) continue;
    if (typeof text !== "string") throw wrong(`a ${field} that is a text`);
    about[field] = text;
  }
  const origin: unknown = Reflect.get(value, "origin");
  if (origin === "customer" || origin === "provider" || origin === "own") about.origin = origin;
  else if (origin !== undefined) throw wrong("an origin that is customer, provider or own");
  return about;
}

function wrong(what: string): GatewayError {
  return new GatewayError("bad_request", `routes take ${what}`);
}
