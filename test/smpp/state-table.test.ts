/**
 * Every request in every state, from a bare peer on a real socket, on both sides: what the facts of the
 * protocol allow reaches its owner or is answered; all else hears 0x04, or 0x05 for a second bind, and
 * the session goes on.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COMMAND,
  type Command,
  GENERIC_NACK,
  hasResponse,
  responseTo,
} from "../../src/smpp/command.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import type { Role } from "../../src/smpp/states.ts";
import { FACTS } from "./facts.ts";
import { sms } from "./messages.ts";
import { type Pair, frame, header, openPair } from "./peer.ts";

const STATES = ["open", "bound_tx", "bound_rx", "bound_trx"] as const;
type State = (typeof STATES)[number];

const BIND = {
  bound_tx: "bind_transmitter",
  bound_rx: "bind_receiver",
  bound_trx: "bind_transceiver",
} as const;

const BIND_TYPE = {
  bound_tx: "transmitter",
  bound_rx: "receiver",
  bound_trx: "transceiver",
} as const;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
const COMMANDS = Object.keys(COMMAND) as Command[];

const sequence = 77;
const ALREADY_BOUND = 0x05;
const WRONG_STATE = 0x04;

/** A sound request of this command. */
function request(command: Command): Buffer {
  if (command === "submit_sm" || command === "deliver_sm" || command === "data_sm") {
    const options = { sequence, tlvs: true, version: 0x34, pduOctetsMax: 65_536 };
    return encodeShortMessage(command, sms(), options);
  }
  if (command === "enquire_link" || command === "unbind")
    return frame(header(COMMAND[command], { sequence }));
  const dest_address = [{ ton: 1, npi: 1, digits: "31600000001" }];
  const fields = command === "submit_multi" ? { dest_address } : {};
  return encodeRare(command, { sequence, fields });
}

/** Our session as `role` in this state. */
async function sessionIn(role: Role, state: State): Promise<Pair> {
  const pair = await openPair(role, {
    owner: {
      other(asked, session) {
        pair.seen.others.push(asked);
        session.answerOther(asked, 0, {});
      },
    },
  });
  if (state === "open") return pair;
  if (role === "smsc") {
    pair.peer.write(encodeRare(BIND[state], { sequence: 1, fields: { system_id: "peer" } }));
    await pair.peer.next();
    return pair;
  }
  const bound = pair.session.bind({
    bindType: BIND_TYPE[state],
    systemId: "us",
    password: "",
    systemType: "",
    version: 0x34,
    addressRange: "",
    addressTon: 0,
    addressNpi: 0,
  });
  const asked = await pair.peer.next();
  const id = asked.id + GENERIC_NACK;
  pair.peer.write(frame(`${header(id, { sequence: asked.sequence })} 00`));
  await bound;
  return pair;
}

function isLegal(command: Command, sender: Role, state: State): boolean {
  // SMPP v5.0 §2.4 allows it before the bind.
  if (command === "enquire_link") return true;
  const facts = FACTS.commands.find(({ id }) => id === COMMAND[command]);
  return facts?.legal[sender].includes(state.toUpperCase()) ?? false;
}

function refusal(command: Command, role: Role, state: State): { id: number; status: number } {
  const again = command.startsWith("bind_") && role === "smsc" && state !== "open";
  return {
    id: hasResponse(command) ? responseTo(COMMAND[command]) : GENERIC_NACK,
    status: again ? ALREADY_BOUND : WRONG_STATE,
  };
}

async function check(role: Role, state: State, command: Command): Promise<void> {
  const where = `${command} to ${role} in ${state}`;
  await using pair = await sessionIn(role, state);
  const { peer, seen, session } = pair;
  const binds = seen.binds.length;
  peer.write(request(command));
  if (!isLegal(command, role === "smsc" ? "esme" : "smsc", state)) {
    const answer = await peer.next();
    const { id, status } = refusal(command, role, state);
    assert.deepEqual([answer.id, answer.status, answer.sequence], [id, status, sequence], where);
    assert.equal(session.state, state, where);
    assert.equal(seen.messages.length + seen.others.length + seen.binds.length - binds, 0, where);
  } else if (hasResponse(command)) {
    const answer = await peer.next();
    const id = responseTo(COMMAND[command]);
    assert.deepEqual([answer.id, answer.status, answer.sequence], [id, 0, sequence], where);
  }
  if (command === "unbind" && state !== "open") return;
  // The session goes on, and told nothing besides.
  peer.write(frame(header(COMMAND.enquire_link, { sequence: 78 })));
  const alive = await peer.next();
  assert.deepEqual([alive.id, alive.sequence], [responseTo(COMMAND.enquire_link), 78], where);
}

for (const role of ["smsc", "esme"] as const)
  for (const state of STATES)
    test(`[I44] [I07] every request to our ${role} side in ${state} is answered as the state table says`, async () => {
      for (const command of COMMANDS) await check(role, state, command);
    });

test("a request that nobody knows is refused with generic_nack 0x03 in each state, an answer that nobody awaits is dropped", async () => {
  for (const role of ["smsc", "esme"] as const)
    for (const state of STATES) {
      await using pair = await sessionIn(role, state);
      pair.peer.write(frame(header(0x7777, { sequence })));
      const answer = await pair.peer.next();
      assert.deepEqual([answer.id, answer.status, answer.sequence], [GENERIC_NACK, 3, sequence]);
      for (const id of [GENERIC_NACK, responseTo(COMMAND.submit_sm), 0x8000_7777])
        pair.peer.write(frame(header(id, { sequence: 5, status: 8 })));
      pair.peer.write(frame(header(COMMAND.enquire_link, { sequence: 6 })));
      assert.equal((await pair.peer.next()).sequence, 6);
      assert.equal(pair.session.counters.stray, 3);
    }
});

test("each timer of a session ends it over the socket, with its own reason", async () => {
  const bind = encodeRare("bind_transceiver", { sequence: 1, fields: { system_id: "peer" } });
  for (const [limits, binds, reason] of [
    [{ sessionInitMs: 50 }, false, "session_init_timeout"],
    [{ enquireLinkMs: 30, responseTimeoutMs: 50 }, true, "enquire_link_unanswered"],
    [{ inactivityMs: 50 }, true, "inactive"],
  ] as const) {
    await using pair = await openPair("smsc", { limits });
    if (binds) pair.peer.write(bind);
    assert.equal((await pair.seen.closed).reason, reason);
    await pair.peer.ended;
  }
});
