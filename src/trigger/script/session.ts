import type { BindType, SessionEvent } from "../../model/event.ts";
import type { Decided, Session } from "../sdk-events.ts";
import { decidedBefore, type Run } from "./run.ts";

/** A session that has bound or ended, as it crosses into an isolate. */
export type SessionTuple = readonly [
  id: string,
  channel: string,
  session: string,
  what: SessionEvent["what"],
  reason: string,
  detail: string,
  account: string,
  bindType: BindType,
  remote: string,
  tls: boolean,
  boundMs: number,
  lastedMs: number,
  received: number,
  sent: number,
  others: number,
];

export function sessionTuple(event: SessionEvent): SessionTuple {
  const { id, channel, session, what, reason, detail, account, bindType } = event;
  const { remote, tls, boundMs, atMs, received, sent, others } = event;
  const lastedMs = Math.max(0, atMs - boundMs);
  const happened = [id, channel, session, what, reason, detail] as const;
  const peer = [account, bindType, remote, tls] as const;
  return [...happened, ...peer, boundMs, lastedMs, received, sent, others];
}

export function sessionFrom(tuple: SessionTuple, run: Run): Session {
  const [id, channel, session, what, reason, detail, account, bindType] = tuple;
  return {
    id,
    channel,
    session,
    what,
    reason,
    detail,
    account,
    bindType,
    remote: tuple[8],
    tls: tuple[9],
    boundMs: tuple[10],
    lastedMs: tuple[11],
    received: tuple[12],
    sent: tuple[13],
    others: tuple[14],
    get decided(): readonly Decided[] {
      return decidedBefore(run);
    },
  };
}
