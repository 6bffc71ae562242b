import type { BindEvent, MessageEvent, Notice, ReportEvent, StatusEvent } from "../model/event.ts";
import type { Sent } from "../model/message.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import type { NamedTlv } from "../model/tlv.ts";
import { accountTuple } from "./script/account.ts";
import { bindTuple } from "./script/bind.ts";
import { channelTuple } from "./script/channel.ts";
import { messageTuple } from "./script/message.ts";
import { reportTuple } from "./script/report.ts";
import { scheduleTuple } from "./script/schedule.ts";
import { sessionTuple } from "./script/session.ts";
import { statusTuple } from "./script/status.ts";

/** What the gateway asks a decision for. */
export type EngineRequest =
  | { readonly kind: "bind"; readonly event: BindEvent }
  | { readonly kind: "message"; readonly event: MessageEvent }
  /** `sent`: the message that the report is about; undefined when none is known. */
  | { readonly kind: "report"; readonly event: ReportEvent; readonly sent: Sent | undefined }
  | { readonly kind: "status"; readonly event: StatusEvent }
  | Notice;

/** Every kind of event that a trigger can be for. */
export type RequestKind = EngineRequest["kind"];

/** What the engine must know of an event without looking into it. */
export interface RequestFacts {
  readonly kind: RequestKind;
  readonly id: string;
  /** That it came in on; of a status: that the message went out on. */
  readonly channel: string;
  /** The status that was reached, or what became of a channel or a session. */
  readonly happening: string | undefined;
  /** Of a session, whose it is; of an account, which. */
  readonly account?: string;
  /** Of a channel: how long the change had lasted. */
  readonly forMs?: number;
  /** What it means when no trigger answers: customers wait for an answer, nobody else does. */
  readonly silence: "unanswered" | "accept";
  /** Nobody waits at all, so `statusDeadlineMs` counts and not `eventDeadlineMs`. */
  readonly patient: boolean;
}

export function requestFacts(request: EngineRequest): RequestFacts {
  switch (request.kind) {
    case "bind": {
      const { id, channel } = request.event;
      return { kind: "bind", id, channel, ...waited, silence: "unanswered" };
    }
    case "message": {
      const { message, origin } = request.event;
      const silence = origin === "customer" ? "unanswered" : "accept";
      const { id, channel } = message;
      return { kind: "message", id, channel, ...waited, silence };
    }
    case "report": {
      const { id, channel } = request.event;
      return { kind: "report", id, channel, ...waited, silence: "accept" };
    }
    case "status": {
      const { id, sent, status } = request.event;
      const { channel } = sent.message;
      return { kind: "status", id, channel, happening: status, ...unwaited };
    }
    case "channel": {
      const { id, channel, what, forMs } = request.event;
      return { kind: "channel", id, channel, happening: what, forMs, ...unwaited };
    }
    case "session": {
      const { id, channel, what, account } = request.event;
      return { kind: "session", id, channel, happening: what, account, ...unwaited };
    }
    case "account": {
      const { id, what, account } = request.event;
      return { kind: "account", id, channel: "", happening: what, account, ...unwaited };
    }
    case "schedule": {
      // It is for the trigger of this name, whatever the channels are.
      const { id, name } = request.event;
      return { kind: "schedule", id, channel: "", happening: name, ...unwaited };
    }
  }
}

const waited = { happening: undefined, patient: false } as const;
const unwaited = { silence: "accept", patient: true } as const;

/** The event as it goes into an isolate; `script/bind.ts` and its like read it again there. */
export function tupleText(request: EngineRequest): string {
  switch (request.kind) {
    case "bind":
      return JSON.stringify(bindTuple(request.event));
    case "message":
      return JSON.stringify(messageTuple(request.event));
    case "report":
      return JSON.stringify(reportTuple(request.event, request.sent));
    case "status":
      return JSON.stringify(statusTuple(request.event, originalTlvs(request.event.sent)));
    case "channel":
      return JSON.stringify(channelTuple(request.event));
    case "session":
      return JSON.stringify(sessionTuple(request.event));
    case "account":
      return JSON.stringify(accountTuple(request.event));
    case "schedule":
      return JSON.stringify(scheduleTuple(request.event));
  }
}

function originalTlvs({ original: { sms } }: Sent): readonly NamedTlv[] | null {
  return sms === undefined || sms.tlvs.length === 0 ? null : namedTlvs(sms.tlvs, undefined);
}
