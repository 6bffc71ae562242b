import type { BindType } from "../model/event.ts";
import { COMMAND, responseTo } from "../smpp/command.ts";
import { type Check, type State, exchange, isAlive, succeeds, wordsOf } from "./check.ts";
import { messagePdu } from "./pdus.ts";
import { enquireLink } from "./wire.ts";

const BOUND: readonly BindType[] = ["transmitter", "receiver", "transceiver"];

/** Requests in flight. What most providers grant. */
const windowRequests = 10;

/** Whether the link is told alive, numbers come back, and a window of requests is served. */
export const LINK: readonly Check[] = [
  exchange({
    id: "enquire-link-open",
    asks: "enquire_link before the bind",
    section: "v5.0 §2.4",
    state: "open",
    command: "enquire_link",
    expects: {
      words: "0x00, or 0x04 as v3.4 has it",
      mayClose: true,
      judge: (seen) =>
        seen.kind === "answer" && (seen.status === 0 || seen.status === 4) ? "pass" : "differs",
    },
    pdu: enquireLink,
  }),
  ...BOUND.map((state: State) =>
    exchange({
      id: `enquire-link-${state}`,
      asks: `enquire_link as ${state}`,
      section: "v3.4 §4.11",
      state,
      command: "enquire_link",
      expects: succeeds(),
      pdu: enquireLink,
    }),
  ),
  ...[1, 0x7fff_ffff, 0x1234].map((number) => echoed(number, "0x00, with the same number")),
  // Outside of what the specification allows: whoever answers should not make up another number.
  ...[0, 0xffff_ffff].map((number) => echoed(number, "an answer with the same number")),
  {
    id: "window",
    asks: `${windowRequests} submit_sm at once, none waiting for the answer of another`,
    section: "v3.4 §2.7",
    expects: "an answer for each number, in any order; 0x58 is one",
    sends: true,
    async run(probe) {
      const wire = await probe.bound("transceiver");
      const numbers = Array.from({ length: windowRequests }, () => wire.sequence());
      wire.write(Buffer.concat(numbers.map((number) => messagePdu("submit_sm", number, probe))));
      const missing = new Set(numbers);
      const statuses = new Set<string>();
      while (missing.size > 0) {
        const seen = await wire.next();
        if (seen.kind !== "answer")
          return { kind: "differs", seen: `${missing.size} unanswered, then ${wordsOf(seen)}` };
        missing.delete(seen.sequence);
        statuses.add(wordsOf(seen));
      }
      return (await isAlive(wire)) ?? { kind: "pass", seen: [...statuses].join(", ") };
    },
  },
];

function echoed(number: number, expects: string): Check {
  return {
    id: `sequence-${number.toString(16)}`,
    asks: `enquire_link with sequence_number 0x${number.toString(16).toUpperCase().padStart(8, "0")}`,
    section: "v3.4 §5.1.4",
    expects,
    async run(probe) {
      const wire = await probe.bound("transceiver");
      const seen = await wire.ask(enquireLink(number));
      const isFine =
        seen.kind === "answer" &&
        seen.id === responseTo(COMMAND.enquire_link) &&
        seen.sequence === number;
      if (!isFine) return { kind: "differs", seen: wordsOf(seen) };
      return (await isAlive(wire)) ?? { kind: "pass", seen: wordsOf(seen) };
    },
  };
}
