import type { BindEvent, MessageEvent, ReportEvent, StatusEvent } from "../model/event.ts";
import type { Sent } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import { bindTuple } from "./script/bind.ts";
import { messageTuple } from "./script/message.ts";
import { reportTuple } from "./script/report.ts";
import { statusTuple } from "./script/status.ts";

/** What the gateway asks a decision for. */
export type EngineRequest =
  | { readonly kind: "bind"; readonly event: BindEvent }
  | { readonly kind: "message"; readonly event: MessageEvent }
  /** `sent`: the message that the report is about; undefined when none is known. */
  | { readonly kind: "report"; readonly event: ReportEvent; readonly sent: Sent | undefined }
  | { readonly kind: "status"; readonly event: StatusEvent };

/** Every kind of event that a trigger can be for. */
export type RequestKind = EngineRequest["kind"];

/** What the engine must know of an event without looking into it. */
export interface RequestFacts {
  readonly kind: RequestKind;
  readonly id: string;
  /** That it came in on; of a status: that the message went out on. */
  readonly channel: string;
  /** Of a status event: which one was reached. */
  readonly status: Status | undefined;
  /** What it means when no trigger answers: customers wait for an answer, nobody else does. */
  readonly silence: "unanswered" | "accept";
}

export function requestFacts(request: EngineRequest): RequestFacts {
  switch (request.kind) {
    case "bind": {
      const { id, channel } = request.event;
      return { kind: "bind", id, channel, status: undefined, silence: "unanswered" };
    }
    case "message": {
      const { message, origin } = request.event;
      const silence = origin === "customer" ? "unanswered" : "accept";
      const { id, channel } = message;
      return { kind: "message", id, channel, status: undefined, silence };
    }
    case "report": {
      const { id, channel } = request.event;
      return { kind: "report", id, channel, status: undefined, silence: "accept" };
    }
    case "status": {
      const { id, sent, status } = request.event;
      return { kind: "status", id, channel: sent.message.channel, status, silence: "accept" };
    }
  }
}

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
      return JSON.stringify(statusTuple(request.event));
  }
}
