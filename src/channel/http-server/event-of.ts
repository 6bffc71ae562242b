import type { FastifyRequest } from "../../http/api-server.ts";
import type { MessageEvent } from "../../model/event.ts";
import type { ApiParts } from "./api.ts";
import { inField } from "./field-error.ts";
import type { Caller } from "./login.ts";
import { apiMessageEvent } from "./message-in.ts";
import type { NewMessage } from "./message-schemas.ts";
import { deskOf } from "./messages.ts";

/** A message that somebody asks for in this request, as an event. Throws a FieldError. */
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
