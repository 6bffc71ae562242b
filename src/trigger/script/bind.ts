import type { BindEvent, BindType } from "../../model/event.ts";
import type { ErrorCode } from "../../model/error.ts";
import type { Bind } from "../sdk-events.ts";
import { ask, type Run } from "./run.ts";

/** A bind as it crosses into an isolate. The password is not among it. */
export type BindTuple = readonly [
  id: string,
  channel: string,
  session: string,
  systemId: string,
  systemType: string,
  bindType: BindType,
  version: number,
  addressRange: string,
  remote: string,
  tls: boolean,
  tlsSubject: string | null,
];

export function bindTuple(event: BindEvent): BindTuple {
  const { id, channel, session, systemId, systemType } = event;
  const { bindType, version, addressRange, remote, tls, tlsSubject = null } = event;
  const asked = [id, channel, session, systemId, systemType, bindType, version] as const;
  return [...asked, addressRange, remote, tls, tlsSubject];
}

export function bindFrom(tuple: BindTuple, run: Run): Bind {
  const [id, channel, session, systemId, systemType, bindType, version, addressRange] = tuple;
  return {
    id,
    channel,
    session,
    systemId,
    systemType,
    bindType,
    version,
    addressRange,
    remote: tuple[8],
    tls: tuple[9],
    tlsSubject: tuple[10] ?? undefined,
    accept(answer: { account?: string } = {}) {
      ask(run, ["a", null, answer.account ?? null]);
    },
    reject(code: ErrorCode | number, reason?: string) {
      ask(run, ["r", code, reason ?? null]);
    },
    trace(text: string) {
      ask(run, ["t", text]);
    },
  };
}
