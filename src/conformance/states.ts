import { COMMAND, type Command } from "../smpp/command.ts";
import { BOUND_STATE, isLegal } from "../smpp/states.ts";
import { type Check, type Expectation, type State, exchange, refused } from "./check.ts";
import { plausible } from "./pdus.ts";

const IN_WORDS: Readonly<Record<State, string>> = {
  open: "before the bind",
  transmitter: "as transmitter",
  receiver: "as receiver",
  transceiver: "as transceiver",
};

const invalidBindState = 0x04;
const alreadyBound = 0x05;
const unknownCommand = 0x03;

/** What comes from a server only, and what a server of 3.4 does not know, may be refused as unknown. */
const MAY_BE_UNKNOWN: ReadonlySet<Command> = new Set<Command>([
  "outbind",
  "deliver_sm",
  "data_sm",
  "alert_notification",
  "broadcast_sm",
  "query_broadcast_sm",
  "cancel_broadcast_sm",
]);

/**
 * Every request in every state in which an ESME may not send it, from the table that our own sessions
 * keep to. A bind on a bound session is `bind-twice`, among the binds.
 */
export const STATES: readonly Check[] = (
  ["open", "transmitter", "receiver", "transceiver"] as const
)
  .flatMap((state) => illegalIn(state).map((command) => ({ state, command })))
  .map(({ state, command }) =>
    exchange({
      id: `${command.replaceAll("_", "-")}-${state}`,
      asks: `${command} ${IN_WORDS[state]}`,
      section: "v3.4 §2.3",
      state,
      command,
      expects: expectationOf(command),
      pdu: (sequence, probe) => plausible(command, sequence, probe),
    }),
  );

function illegalIn(state: State): readonly Command[] {
  // The keys of the table are exactly the names; TypeScript types them as plain strings.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const all = Object.keys(COMMAND) as Command[];
  const where = state === "open" ? "open" : BOUND_STATE[state];
  return all.filter(
    (command) =>
      !isLegal(command, "esme", where) &&
      !(state === "transceiver" && command === "bind_transceiver"),
  );
}

function expectationOf(command: Command): Expectation {
  if (command.startsWith("bind_")) return refused(alreadyBound);
  return MAY_BE_UNKNOWN.has(command)
    ? refused(invalidBindState, unknownCommand)
    : refused(invalidBindState);
}
