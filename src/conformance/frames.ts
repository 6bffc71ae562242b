import { COMMAND, responseTo } from "../smpp/command.ts";
import {
  type Check,
  type Probe,
  type Verdict,
  exchange,
  isAlive,
  nacked,
  wordsOf,
} from "./check.ts";
import { appended, bindPdu, withBody } from "./pdus.ts";
import { type Wire, enquireLink } from "./wire.ts";

const badLength = 0x02;

/** What cannot be cut into PDUs, what can and is of no kind, and what comes in odd pieces. */
export const FRAMES: readonly Check[] = [
  ...[0, 4, 15, 0x7fff_ffff, 0xffff_ffff].map((length): Check => ({
    id: `length-${length.toString(16)}`,
    asks: `a header whose command_length is ${length.toLocaleString("en")}`,
    section: "v3.4 §3.2.1",
    expects: "generic_nack 0x02 or nothing, then the connection is closed",
    async run(probe) {
      const wire = await boundAlone(probe);
      const header = withBody(COMMAND.submit_sm, wire.sequence(), "");
      header.writeUInt32BE(length, 0);
      wire.write(header);
      const seen = await wire.next();
      const end = seen.kind === "answer" ? await wire.ended(closesInMs) : seen;
      const isNacked = seen.kind !== "answer" || seen.status === badLength;
      const isFine = end.kind === "closed" && isNacked;
      return {
        kind: isFine ? "pass" : "differs",
        seen: seen.kind === "answer" ? `${wordsOf(seen)}, then ${wordsOf(end)}` : wordsOf(seen),
      };
    },
  })),
  exchange({
    id: "unknown-command",
    asks: "a request whose command_id nobody knows (0x000000AA)",
    section: "v3.4 §4.3, §5.1.3",
    state: "transceiver",
    command: "submit_sm",
    expects: nacked(0x03),
    pdu: (sequence) => withBody(0xaa, sequence, "0102030405"),
  }),
  exchange({
    id: "unknown-command-open",
    asks: "the same before the bind",
    section: "v3.4 §4.3, §5.1.3",
    state: "open",
    command: "submit_sm",
    expects: { ...nacked(0x03, 0x04), mayClose: true },
    pdu: (sequence) => withBody(0xaa, sequence, ""),
  }),
  ignored("unknown-response", "an answer whose command_id nobody knows (0x800000AA)", (wire) =>
    wire.write(withBody(responseTo(0xaa), wire.sequence(), "0102")),
  ),
  ignored("stray-response", "a submit_sm_resp to nothing that was asked", (wire) =>
    wire.write(withBody(responseTo(COMMAND.submit_sm), 0x1234_5678, "414200")),
  ),
  ignored("stray-nack", "a generic_nack of nothing that was sent", (wire) =>
    wire.write(withBody(0x8000_0000, 0x1234_5678, "")),
  ),
  ignored(
    "enquire-link-with-body",
    "enquire_link with 4 octets of body that it should not have",
    async (wire) => {
      await wire.ask(appended(enquireLink(wire.sequence()), "00000000"));
    },
  ),
  {
    id: "octet-by-octet",
    asks: "enquire_link, an octet in each segment",
    section: "v3.4 §3.2",
    expects: "enquire_link_resp 0x00",
    async run(probe) {
      const wire = await probe.bound("transceiver");
      const pdu = enquireLink(wire.sequence());
      for (const octet of pdu.subarray(0, -1)) {
        wire.write(Buffer.of(octet));
        // So that the octets leave one by one.
        await new Promise((turn) => setImmediate(turn));
      }
      wire.write(pdu.subarray(-1));
      const seen = await wire.next();
      const isFine = seen.kind === "answer" && seen.id === responseTo(COMMAND.enquire_link);
      return { kind: isFine ? "pass" : "differs", seen: wordsOf(seen) };
    },
  },
  {
    id: "joined-segments",
    asks: "a hundred enquire_links in one piece",
    section: "v3.4 §3.2",
    expects: "a hundred answers, each with its number, in order",
    async run(probe) {
      const wire = await probe.bound("transceiver");
      const numbers = Array.from({ length: 100 }, () => wire.sequence());
      wire.write(Buffer.concat(numbers.map(enquireLink)));
      for (const number of numbers) {
        const seen = await wire.next();
        if (seen.kind !== "answer" || seen.sequence !== number)
          return { kind: "differs", seen: `${wordsOf(seen)} instead of number ${number}` };
      }
      return { kind: "pass", seen: "a hundred answers in order" };
    },
  },
];

/** ms. */
const closesInMs = 2_000;

/** A bound connection of the check's own, since it will not live. */
async function boundAlone(probe: Probe): Promise<Wire> {
  const wire = await probe.open();
  await wire.ask(bindPdu(wire.sequence(), probe, "transceiver"));
  return wire;
}

/** Something that needs no answer; the session goes on, whatever is answered. */
function ignored(id: string, asks: string, act: (wire: Wire) => void | Promise<void>): Check {
  return {
    id,
    asks,
    section: "v3.4 §2.8, §4.3",
    expects: "the session goes on",
    async run(probe): Promise<Verdict> {
      const wire = await probe.bound("transceiver");
      await act(wire);
      return (await isAlive(wire)) ?? { kind: "pass", seen: "the session goes on" };
    },
  };
}
