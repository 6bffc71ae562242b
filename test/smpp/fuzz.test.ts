/**
 * Seeded fuzz of the decoders: nothing but a GatewayError may come out of them. What live sessions make
 * of the same PDUs is in test/channel/fuzz.test.ts. FUZZ_ROUNDS scales the rounds, FUZZ_SEED repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { decodeBindAnswer } from "../../src/smpp/bind.ts";
import { commandName } from "../../src/smpp/command.ts";
import { decodeRare } from "../../src/smpp/rare.ts";
import { decodeShortMessage, decodeShortMessageAnswer } from "../../src/smpp/short-message.ts";
import { checkSubmitted } from "../../src/smpp/submit-rules.ts";
import {
  CORPUS,
  fuzzRounds as rounds,
  fuzzSeed as seed,
  mutate,
  randomFrom,
} from "../support/mutation.ts";
import { BIND_TRX } from "./peer.ts";

test(`${rounds} mutated PDUs give a value or a GatewayError, never another throw`, (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomFrom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const pdu = mutate(CORPUS[random(CORPUS.length)] ?? BIND_TRX, random);
    const told = `round ${round}, seed ${seed}: ${pdu.toString("hex")}`;
    const guarded = (act: () => unknown): void => {
      try {
        act();
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.entry.smpp !== undefined, told);
      }
    };
    for (const command of ["submit_sm", "deliver_sm", "data_sm"] as const)
      guarded(() => checkSubmitted(decodeShortMessage(command, pdu), 0x34));
    const name = commandName(pdu.readUInt32BE(4) & 0x8000_01ff).replace("generic_nack", "outbind");
    if (!name.startsWith("0x")) guarded(() => decodeRare(name, pdu));
    decodeShortMessageAnswer(pdu);
    decodeBindAnswer("transceiver", pdu);
  }
});
