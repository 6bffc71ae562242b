import type { ForwardAction, Ruling } from "../model/decision.ts";
import type { EngineRequest } from "./request.ts";

/**
 * What was decided, in words that are equal when the decisions are: made of a ruling here, and of what
 * is stored of an event by the gateway. Trace lines, optional parameters and times are not among them.
 */
export function outcomeWords(request: EngineRequest, ruling: Ruling): readonly string[] {
  switch (ruling.verdict) {
    case "reject":
      return [refusedWords(String(ruling.code))];
    case "unanswered":
      return ["unanswered"];
    case "undecided":
      return [`undecided ${ruling.fault}`];
    case "accept":
      return acceptedWords(request, ruling);
  }
}

/** Of a message that was refused: the code of the catalogue, or a number. */
export function refusedWords(code: string): string {
  return `refused ${code}`;
}

/** `forwarded to SMPP1 +31600000001 → +31600000002 "Hello"` */
export function forwardedWords(forward: {
  readonly channel: string;
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  /** undefined: it is no text. */
  readonly text: string | undefined;
  /** Only where it is another one than came in. */
  readonly dataCoding: number | undefined;
  /** It asks for a report that its sender did not ask for. */
  readonly report: boolean;
}): string {
  const { channel, account, from, to, text, dataCoding, report } = forward;
  const place = account === undefined ? channel : `${channel}/${account}`;
  const words = [`forwarded to ${place} ${from} → ${to}`];
  if (text !== undefined) words.push(JSON.stringify(text));
  if (dataCoding !== undefined) words.push(`data_coding ${dataCoding}`);
  if (report) words.push("with a report");
  return words.join(" ");
}

/** In the place of a channel: the routing table says which one, and may say another at another time. */
export const routedWord = "route";

/** What a customer is told; `state` and `error` only where a trigger has named others. */
export function reportedWords(state: string | undefined, error: string | undefined): string {
  const as = [state, error].filter((one) => one !== undefined).join(" ");
  return as === "" ? "reported to the customer" : `reported to the customer as ${as}`;
}

export function sentWords(channel: string): string {
  return `sent a message to ${channel}`;
}

export function chargedWords(credits: number): string {
  return `charged ${credits}`;
}

/** In the place of credits: the price of the way. */
export const chargedRoute = "charged the price of its route";

export function failedWords(reason: string): string {
  return `failed: ${reason}`;
}

function acceptedWords(
  request: EngineRequest,
  ruling: Extract<Ruling, { verdict: "accept" }>,
): readonly string[] {
  const sends = ruling.sends.map(({ action }) => sentWords(action.channel));
  switch (request.kind) {
    case "message": {
      const words = ["accepted"];
      if (ruling.chargesRoute === true) words.push(chargedRoute);
      else if (ruling.charge > 0) words.push(chargedWords(ruling.charge));
      // What is to fail goes nowhere, whatever another trigger wanted.
      if (ruling.failed !== undefined) words.push(failedWords(ruling.failed));
      else words.push(...ruling.forwards.flatMap((one) => forwardsOf(request, one)).toSorted());
      return [...words, ...sends];
    }
    case "report":
      return [ruling.applied ? "applied" : "not applied", ...sends];
    case "status": {
      const { report } = request.event;
      const reports = ruling.reports.map(({ state, error }) =>
        reportedWords(
          state === report?.state ? undefined : state,
          error === report?.error ? undefined : error,
        ),
      );
      return [...reports, ...sends];
    }
    case "bind":
      return [`accepted as ${ruling.account ?? request.event.systemId}`];
    case "channel":
    case "session":
    case "account":
    case "schedule":
      return sends;
  }
}

function forwardsOf(
  { event }: Extract<EngineRequest, { kind: "message" }>,
  action: ForwardAction,
): string[] {
  const { message, text } = event;
  const { to = action.destination } = action;
  const receivers = to === undefined ? (event.destinations ?? [message.to]) : [to];
  const came = message.sms?.dataCoding;
  const isAsked = ((message.sms?.registeredDelivery ?? 0) & 3) !== 0;
  return receivers.map((receiver) =>
    forwardedWords({
      channel: action.channel ?? routedWord,
      account: action.account ?? message.account,
      from: action.from ?? message.from,
      to: receiver,
      text: action.text ?? text,
      dataCoding: action.dataCoding === came ? undefined : action.dataCoding,
      report: action.report === true && !isAsked,
    }),
  );
}
