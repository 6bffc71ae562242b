import type { BindType } from "../model/event.ts";
import type { BindCommand, Command } from "./command.ts";

/** SMPP v3.4 §2.2; `unbound` is between unbind_resp and the end of the connection. */
export type SessionState = "open" | "bound_tx" | "bound_rx" | "bound_trx" | "unbound" | "closed";
/** `esme` is who binds, `smsc` who is bound to. */
export type Role = "smsc" | "esme";

const SENDS = ["bound_tx", "bound_trx"] as const;
const RECEIVES = ["bound_rx", "bound_trx"] as const;
const BOUND = ["bound_tx", "bound_rx", "bound_trx"] as const;
/** v5.0 allows these two before the bind as well, and monitors do so to see whether we live. */
const ALIVE = ["open", ...BOUND] as const;

/** The states in which a request is legal, by the side that sends it (SMPP v3.4 §2.3). */
export const LEGAL = {
  bind_receiver: { esme: ["open"], smsc: [] },
  bind_transmitter: { esme: ["open"], smsc: [] },
  bind_transceiver: { esme: ["open"], smsc: [] },
  outbind: { esme: [], smsc: ["open"] },
  unbind: { esme: BOUND, smsc: BOUND },
  enquire_link: { esme: ALIVE, smsc: ALIVE },
  submit_sm: { esme: SENDS, smsc: [] },
  submit_multi: { esme: SENDS, smsc: [] },
  deliver_sm: { esme: [], smsc: RECEIVES },
  data_sm: { esme: SENDS, smsc: RECEIVES },
  query_sm: { esme: SENDS, smsc: [] },
  cancel_sm: { esme: SENDS, smsc: [] },
  replace_sm: { esme: SENDS, smsc: [] },
  alert_notification: { esme: [], smsc: RECEIVES },
  broadcast_sm: { esme: SENDS, smsc: [] },
  query_broadcast_sm: { esme: SENDS, smsc: [] },
  cancel_broadcast_sm: { esme: SENDS, smsc: [] },
} as const satisfies Record<Command, Record<Role, readonly SessionState[]>>;

export function isLegal(command: Command, sender: Role, state: SessionState): boolean {
  const states: readonly SessionState[] = LEGAL[command][sender];
  return states.includes(state);
}

export const BOUND_STATE = {
  transmitter: "bound_tx",
  receiver: "bound_rx",
  transceiver: "bound_trx",
} as const satisfies Record<BindType, SessionState>;

export const BIND_COMMAND = {
  transmitter: "bind_transmitter",
  receiver: "bind_receiver",
  transceiver: "bind_transceiver",
} as const satisfies Record<BindType, BindCommand>;

export const BIND_TYPE = {
  bind_transmitter: "transmitter",
  bind_receiver: "receiver",
  bind_transceiver: "transceiver",
} as const satisfies Record<BindCommand, BindType>;

export function isBound(state: SessionState): boolean {
  return state === "bound_tx" || state === "bound_rx" || state === "bound_trx";
}
