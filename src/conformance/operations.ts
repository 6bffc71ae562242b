import { addressOf } from "../model/address.ts";
import { COMMAND, type Command } from "../smpp/command.ts";
import { type Fields, decodeRare, encodeRare, numberField, textField } from "../smpp/rare.ts";
import { decodeShortMessageAnswer } from "../smpp/short-message.ts";
import { relativeTime } from "../smpp/time.ts";
import {
  type Check,
  type Expectation,
  type Probe,
  type Verdict,
  exchange,
  refusedIfSupported,
  succeeds,
  wordsOf,
} from "./check.ts";
import { messagePdu, withBody } from "./pdus.ts";
import type { Seen } from "./wire.ts";

/** An id that no server has given to us. */
const nobodysId = "7fffffff";

/** The commands beside submit_sm that a customer may send. All are optional for a server. */
export const OPERATIONS: readonly Check[] = [
  operation(
    "query-unknown",
    "query_sm",
    "an id that was never given",
    "v3.4 §4.8",
    refusedIfSupported(0x67, 0x0c),
    {
      message_id: nobodysId,
    },
  ),
  operation(
    "cancel-unknown",
    "cancel_sm",
    "an id that was never given",
    "v3.4 §4.9",
    refusedIfSupported(0x11, 0x0c),
    {
      message_id: nobodysId,
    },
  ),
  operation(
    "replace-unknown",
    "replace_sm",
    "an id that was never given",
    "v3.4 §4.10",
    refusedIfSupported(0x13, 0x0c),
    {
      message_id: nobodysId,
      short_message: Buffer.from("Other", "latin1"),
    },
  ),
  ...(["query_sm", "cancel_sm", "replace_sm", "submit_multi"] as const).map((command) =>
    exchange({
      id: `${command.replaceAll("_", "-")}-cut-short`,
      asks: `${command} without a body`,
      section: "v3.4 §3.2",
      state: "transceiver",
      command,
      expects: refusedIfSupported(0x02, 0x0c),
      pdu: (sequence) => withBody(COMMAND[command], sequence, ""),
    }),
  ),
  exchange({
    id: "data-sm",
    asks: "data_sm with its text as message_payload",
    section: "v3.4 §4.7.1",
    state: "transceiver",
    command: "data_sm",
    sends: true,
    expects: succeeds(true),
    pdu: (sequence, probe) => messagePdu("data_sm", sequence, probe),
  }),
  exchange({
    id: "submit-multi",
    asks: "submit_multi to two numbers",
    section: "v3.4 §4.5.1",
    state: "transceiver",
    command: "submit_multi",
    sends: true,
    expects: succeeds(true),
    pdu: (sequence, probe) => multi(sequence, probe, 2),
  }),
  exchange({
    id: "submit-multi-nobody",
    asks: "submit_multi to no number",
    section: "v3.4 §5.2.24",
    state: "transceiver",
    command: "submit_multi",
    sends: true,
    expects: refusedIfSupported(0x33, 0x0b),
    pdu: (sequence, probe) => multi(sequence, probe, 0),
  }),
  ...(["broadcast_sm", "query_broadcast_sm", "cancel_broadcast_sm"] as const).map((command) =>
    exchange({
      id: command.replaceAll("_", "-"),
      asks: `${command} with nothing in it`,
      section: "v5.0 §4.4",
      state: "transceiver",
      command,
      // Where it is known, an empty one is refused for what it lacks.
      expects: refusedIfSupported(0x02, 0x0c, 0xc3, 0x10d, 0x10e, 0x10f),
      pdu: (sequence) => encodeRare(command, { sequence }),
    }),
  ),
  {
    id: "scheduled-life",
    asks: "submit_sm for in an hour; query_sm, replace_sm, query_sm from another sender, cancel_sm, query_sm",
    section: "v3.4 §4.8, §4.9, §4.10",
    expects: "0x00; a state that is not final; 0x00; refused; 0x00; DELETED",
    sends: true,
    run: scheduledLife,
  },
];

function operation(
  id: string,
  command: "query_sm" | "cancel_sm" | "replace_sm",
  what: string,
  section: string,
  expects: Expectation,
  fields: Fields,
): Check {
  return exchange({
    id,
    asks: `${command} of ${what}`,
    section,
    state: "transceiver",
    command,
    expects,
    pdu: (sequence, probe) =>
      encodeRare(command, { sequence, fields: { ...sender(probe.from), ...fields } }),
  });
}

function sender(from: string): Fields {
  const { ton, npi, digits } = addressOf(from);
  return { source_addr_ton: ton, source_addr_npi: npi, source_addr: digits };
}

function multi(sequence: number, { from, to }: Probe, count: number): Buffer {
  const dest_address = Array.from({ length: count }, () => addressOf(to));
  const short_message = Buffer.from("Conformance", "latin1");
  return encodeRare("submit_multi", {
    sequence,
    fields: { ...sender(from), dest_address, short_message },
  });
}

/** message_state (SMPP v3.4 §5.2.28; 0 since v5.0). */
const notFinal: ReadonlySet<number> = new Set([0, 1, 6, 7]);
const deleted = 4;

/** A message that never leaves: put off by an hour, asked for, changed, and taken back. */
async function scheduledLife(probe: Probe): Promise<Verdict> {
  const wire = await probe.bound("transceiver");
  const scheduleTime = relativeTime(3_600_000);
  const taken = await wire.ask(messagePdu("submit_sm", wire.sequence(), probe, { scheduleTime }));
  if (!isDone(taken))
    return {
      kind: isUnknown(taken) ? "unsupported" : "differs",
      seen: `submit_sm: ${wordsOf(taken)}`,
    };
  const { messageId } = decodeShortMessageAnswer(taken.pdu);
  const steps: string[] = [];
  const tell = (what: string, seen: Seen) => void steps.push(`${what} ${wordsOf(seen)}`);
  const verdict = (kind: Verdict["kind"]): Verdict => ({ kind, seen: steps.join("; ") });
  const about = (command: Command, from = probe.from, more: Fields = {}) =>
    wire.ask(
      encodeRare(command, {
        sequence: wire.sequence(),
        fields: { ...sender(from), message_id: messageId, ...more },
      }),
    );
  try {
    const queried = await about("query_sm");
    tell("query", queried);
    if (isUnknown(queried)) return verdict("unsupported");
    if (!isDone(queried) || !notFinal.has(stateOf(queried))) return verdict("differs");

    const short_message = Buffer.from("Replaced", "latin1");
    const replaced = await about("replace_sm", probe.from, { short_message });
    tell("replace", replaced);
    if (!isDone(replaced) && !isUnknown(replaced)) return verdict("differs");

    const foreign = await about("query_sm", "15559999999");
    tell("another sender", foreign);
    if (foreign.kind !== "answer" || foreign.status === 0) return verdict("differs");
  } finally {
    tell("cancel", await about("cancel_sm"));
  }
  const after = await about("query_sm");
  const state = isDone(after) ? stateOf(after) : undefined;
  steps.push(`then message_state ${state ?? wordsOf(after)}`);
  return verdict(state === deleted ? "pass" : "differs");
}

function isDone(seen: Seen): seen is Seen & { readonly kind: "answer" } {
  return seen.kind === "answer" && seen.status === 0;
}

function isUnknown(seen: Seen): boolean {
  return seen.kind === "answer" && seen.status === 0x03;
}

function stateOf({ pdu }: { readonly pdu: Buffer }): number {
  const { fields } = decodeRare("query_sm_resp", pdu);
  return textField(fields, "message_id") === "" ? 7 : numberField(fields, "message_state");
}
