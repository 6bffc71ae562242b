/** Requests by name (SMPP v3.4 §5.1.2.1 and v5.0 §4.7.5); an answer has the same id with bit 31 set. */
export const COMMAND = {
  bind_receiver: 0x01,
  bind_transmitter: 0x02,
  query_sm: 0x03,
  submit_sm: 0x04,
  deliver_sm: 0x05,
  unbind: 0x06,
  replace_sm: 0x07,
  cancel_sm: 0x08,
  bind_transceiver: 0x09,
  outbind: 0x0b,
  enquire_link: 0x15,
  submit_multi: 0x21,
  alert_notification: 0x102,
  data_sm: 0x103,
  broadcast_sm: 0x111,
  query_broadcast_sm: 0x112,
  cancel_broadcast_sm: 0x113,
} as const;

export type Command = keyof typeof COMMAND;
export type BindCommand = "bind_receiver" | "bind_transmitter" | "bind_transceiver";
/** What carries a message. */
export type ShortMessageCommand = "submit_sm" | "deliver_sm" | "data_sm";
/** The same, and what carries one message to many. */
export type MessageCommand = ShortMessageCommand | "submit_multi";
/** Everything whose body is coded by `rare.ts` and which the session does not answer by itself. */
export type OtherCommand = Exclude<
  Command,
  BindCommand | ShortMessageCommand | "unbind" | "enquire_link"
>;

/** Refuses what has no answer of its own: an unknown command, a broken header. */
export const GENERIC_NACK = 0x8000_0000;

const NAMES: ReadonlyMap<number, Command> = new Map(
  // The keys of a literal are exactly its names; TypeScript types them as plain strings.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (Object.entries(COMMAND) as [Command, number][]).map(([name, id]) => [id, name]),
);

/** The request of that id; undefined for one that we do not know. */
export function commandOf(id: number): Command | undefined {
  return NAMES.get(id);
}

/** For traces: `submit_sm`, `submit_sm_resp`, `generic_nack`, or the number of an unknown one. */
export function commandName(id: number): string {
  if (id === GENERIC_NACK) return "generic_nack";
  const name = NAMES.get(isResponse(id) ? id - GENERIC_NACK : id);
  if (name === undefined) return `0x${id.toString(16).padStart(8, "0")}`;
  return isResponse(id) ? `${name}_resp` : name;
}

export function isResponse(id: number): boolean {
  return id >= GENERIC_NACK;
}

export function responseTo(id: number): number {
  return id + GENERIC_NACK;
}

/** outbind and alert_notification are told and never answered (SMPP v3.4 §4.1.7, §4.12). */
export function hasResponse(command: Command): boolean {
  return command !== "outbind" && command !== "alert_notification";
}

/** The status that a generic_nack tells: one that says "no error" must not pass for success. */
export function nackStatus(status: number): number {
  return status === 0 ? 0xff : status;
}
