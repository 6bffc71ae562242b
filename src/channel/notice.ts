import type { ChannelChange } from "../model/channel-change.ts";
import type { SessionEvent } from "../model/event.ts";
import type { ChannelHost } from "./channel.ts";

/** A bound session as its channel knows it. */
export type NoticedSession = Pick<
  SessionEvent,
  "account" | "bindType" | "boundMs" | "received" | "sent" | "others"
> & { readonly session: { readonly id: string; readonly remote: string; readonly tls: boolean } };

/** Tells that the channel is up or down now. The same again with another reason is welcome. */
export function tellChannel(
  host: ChannelHost,
  what: Extract<ChannelChange, "up" | "down">,
  reason: string,
): void {
  const event = { channel: host.name, atMs: host.clock.nowMs(), what, reason };
  host.emit("channel", event).catch((cause: unknown) => {
    host.log.error({ what, err: cause }, "failed on our side");
  });
}

/** Tells that a session has bound or, with a reason, that one that was bound has ended. */
export function tellSession(
  host: ChannelHost,
  { session: { id: session, remote, tls }, ...known }: NoticedSession,
  end?: { readonly reason: string; readonly detail: string },
): void {
  const event: SessionEvent = {
    id: host.newId(),
    channel: host.name,
    session,
    atMs: host.clock.nowMs(),
    what: end === undefined ? "bound" : "ended",
    reason: end?.reason ?? "",
    detail: end?.detail ?? "",
    remote,
    tls,
    ...known,
  };
  host.emit("session", event).catch((cause: unknown) => {
    host.log.error({ session, what: event.what, err: cause }, "failed on our side");
  });
}
