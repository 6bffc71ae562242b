import type { SessionView } from "../model/view.ts";
import type { Session } from "../smpp/session.ts";

/** What we know of a session beyond the protocol. */
export interface Customer {
  readonly session: Session;
  readonly sinceMs: number;
  /** Of the certificate that it has shown; undefined for none. */
  readonly tlsSubject: string | undefined;
  account: string | undefined;
  /** undefined until it is bound. */
  boundMs: number | undefined;
  bindType: SessionView["bindType"];
  received: number;
  sent: number;
}

export function sessionView(customer: Customer, channel: string): SessionView {
  const { session } = customer;
  const version = session.version >= 0x50 ? "5.0" : session.version >= 0x34 ? "3.4" : "3.3";
  return {
    id: session.id,
    channel,
    account: customer.account ?? "",
    bindType: customer.bindType,
    version,
    remote: session.remote,
    tls: session.tls,
    sinceMs: customer.sinceMs,
    received: customer.received,
    sent: customer.sent,
  };
}
