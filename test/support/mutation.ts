import { COMMAND } from "../../src/smpp/command.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import { sms } from "../smpp/messages.ts";
import { BIND_TRX, frame, header } from "../smpp/peer.ts";

/** Gives a whole number from 0 to below this. */
export type Random = (below: number) => number;

/** mulberry32: small, fast, the same everywhere. */
export function randomFrom(start: number): Random {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** FUZZ_SEED repeats a run; it is printed. */
export const fuzzSeed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** FUZZ_ROUNDS, a million in `npm run test:long`. */
export const fuzzRounds = Number(process.env["FUZZ_ROUNDS"] ?? 20_000);

const options = { sequence: 1, tlvs: true, pduOctetsMax: 65_536 };
const rich = sms({
  serviceType: "CMT",
  scheduleTime: "261120120000004+",
  tlvs: [
    { tag: 0x0204, octets: Buffer.of(1, 2) },
    { tag: 0x1403, octets: Buffer.from("own") },
  ],
});

/** A sound PDU of every kind, requests and answers. */
export const CORPUS: readonly Buffer[] = [
  BIND_TRX,
  encodeShortMessage("submit_sm", rich, options),
  encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(300) }), options),
  encodeShortMessage("deliver_sm", rich, options),
  encodeShortMessage("data_sm", rich, options),
  ...Object.keys(COMMAND).map((command) => encodeRare(command, { sequence: 1 })),
  frame(`${header(0x8000_0004, { sequence: 1 })} 616200 001d 0001 78`),
  frame(header(0x8000_0000, { status: 3, sequence: 2 })),
];

/** The same with up to four of its octets changed, cut off, repeated or added. */
export function mutate(pdu: Buffer, random: Random): Buffer {
  let octets = Buffer.from(pdu);
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(octets.length);
    switch (random(6)) {
      case 0:
        octets[at] = random(256);
        break;
      case 1:
        octets[at] = (octets[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        octets = octets.subarray(0, Math.max(16, at));
        break;
      case 3:
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(random(at + 1))]);
        break;
      case 4:
        octets = Buffer.concat([octets, Buffer.from([random(256), random(256)])]);
        break;
      default:
        octets[at] = random(2) === 0 ? 0 : 255;
    }
  }
  return octets.length < 16 ? Buffer.from(pdu) : octets;
}
