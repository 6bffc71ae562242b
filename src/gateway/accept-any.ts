import type { Channel } from "../channel/channel.ts";
import type { Engine } from "../trigger/engine.ts";
import { acceptedUnasked } from "./filed-binds.ts";

type Asked = Parameters<Engine["decide"]>[0];

/**
 * The same, but that no trigger is asked where a listener takes everybody, or every message. What an
 * account may not do it still may not: its addresses, sessions and rates are looked at elsewhere.
 */
export function withAcceptAny<Decider extends Pick<Engine, "decide">>(
  engine: Decider,
  channel: (name: string) => Channel | undefined,
): Decider {
  return {
    ...engine,
    decide: (request: Asked) =>
      isTaken(request) ? Promise.resolve(acceptedUnasked(undefined)) : engine.decide(request),
  };

  function isTaken(request: Asked): boolean {
    if (request.kind === "bind")
      return channel(request.event.channel)?.acceptsAny?.("bind") === true;
    if (request.kind !== "message" || request.event.origin !== "customer") return false;
    return channel(request.event.message.channel)?.acceptsAny?.("message") === true;
  }
}
