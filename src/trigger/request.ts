import type { BindEvent, EventKind, MessageEvent } from "../model/event.ts";
import { bindTuple } from "./script/bind.ts";
import { messageTuple } from "./script/message.ts";

/** What the gateway asks a decision for. */
export type EngineRequest =
  | { readonly kind: "bind"; readonly event: BindEvent }
  | { readonly kind: "message"; readonly event: MessageEvent };

/** What the engine must know of an event without looking into it. */
export interface RequestFacts {
  readonly kind: EventKind;
  readonly id: string;
  readonly channel: string;
  /** What it means when no trigger answers: nobody waits for the answer to a provider's message. */
  readonly silence: "unanswered" | "accept";
}

export function requestFacts(request: EngineRequest): RequestFacts {
  switch (request.kind) {
    case "bind": {
      const { id, channel } = request.event;
      return { kind: "bind", id, channel, silence: "unanswered" };
    }
    case "message": {
      const { message, origin } = request.event;
      const silence = origin === "customer" ? "unanswered" : "accept";
      return { kind: "message", id: message.id, channel: message.channel, silence };
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
  }
}
