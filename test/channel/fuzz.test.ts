/**
 * Seeded fuzz of live sessions, through whole channels on real sockets: each mutated PDU is followed by an
 * enquire_link, and both must be answered as the protocol's table says, or the connection be closed where it
 * says so. Nothing may be answered twice or be left over, no fault of ours be logged, no message of ours be
 * settled other than once, and memory may not grow with the rounds.
 * FUZZ_ROUNDS scales the rounds (a million in `npm run test:long`), FUZZ_SEED repeats a run.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { channelSettings, openChannel } from "../../src/channel/catalog.ts";
import type { Channel, ChannelHost } from "../../src/channel/channel.ts";
import { type Came, type Wire, openWire, wireOn } from "../../src/conformance/wire.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { EventKind, Events } from "../../src/model/event.ts";
import { idMaker } from "../../src/model/id.ts";
import type { Log } from "../../src/model/log.ts";
import {
  COMMAND,
  type Command,
  GENERIC_NACK,
  commandOf,
  hasResponse,
  isResponse,
  responseTo,
} from "../../src/smpp/command.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { type Role, type SessionState, isLegal } from "../../src/smpp/states.ts";
import {
  CORPUS,
  fuzzRounds,
  fuzzSeed,
  mutate,
  type Random,
  randomFrom,
} from "../support/mutation.ts";
import { BIND_TRX } from "../smpp/peer.ts";
import { handOver, outgoing } from "./messages.ts";
import { testFolder } from "./host.ts";

const waitMs = 60_000;
/** MiB. What a run may add to the heap after its first fifth, whatever its length. */
const growthMibMax = 24;

/** What a request that is legal and perhaps broken may be answered with; 0 is success. */
const BROKEN = [0x01, 0x02, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4];
const FIELDS = [0x06, 0x07, 0x0a, 0x0b, 0x15, 0x43, 0x48, 0x49, 0x50, 0x51, 0x54, 0x61, 0x62, 0x63];
const MESSAGE = [0x00, ...BROKEN, ...FIELDS];
const ANSWERS: Readonly<Partial<Record<Command, readonly number[]>>> = {
  bind_receiver: [0x00, 0x02, 0x0e, 0x0f, 0x53, ...BROKEN],
  bind_transmitter: [0x00, 0x02, 0x0e, 0x0f, 0x53, ...BROKEN],
  bind_transceiver: [0x00, 0x02, 0x0e, 0x0f, 0x53, ...BROKEN],
  submit_sm: MESSAGE,
  deliver_sm: MESSAGE,
  data_sm: MESSAGE,
  submit_multi: [...MESSAGE, 0x33, 0x34, 0x40],
  query_sm: [0x00, 0x03, 0x0c, 0x67, ...BROKEN, ...FIELDS],
  cancel_sm: [0x00, 0x03, 0x0c, 0x11, ...BROKEN, ...FIELDS],
  replace_sm: [0x00, 0x03, 0x0c, 0x13, ...BROKEN, ...FIELDS],
  // Answered only when they are broken, or nobody wants to hear of them.
  outbind: [0x03, ...BROKEN, ...FIELDS],
  alert_notification: [0x03, ...BROKEN, ...FIELDS],
  broadcast_sm: [0x03, ...BROKEN],
  query_broadcast_sm: [0x03, ...BROKEN],
  cancel_broadcast_sm: [0x03, ...BROKEN],
  enquire_link: [0x00],
  unbind: [0x00],
};

const BOUND: Readonly<Partial<Record<Command, SessionState>>> = {
  bind_receiver: "bound_rx",
  bind_transmitter: "bound_tx",
  bind_transceiver: "bound_trx",
};

/** One that keeps nothing, so that what grows is the channel's own. */
async function open(settings: Readonly<Record<string, unknown>>) {
  const faults: string[] = [];
  const quiet = (): void => {};
  const log: Log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: ({ err }, text) => faults.push(`${text}: ${err instanceof Error ? err.stack : ""}`),
    child: () => log,
  };
  const answers: { readonly [K in EventKind]?: (event: Events[K]["event"]) => unknown } = {
    bind: ({ systemId }) => ({ kind: "accepted", account: systemId }),
    message: () => ({ kind: "accepted", id: "id-1" }),
    report: () => ({ kind: "accepted" }),
    operation: () => ({ kind: "done" }),
    alert: () => ({ kind: "noted" }),
    channel: () => ({ kind: "noted" }),
    session: () => ({ kind: "noted" }),
  };
  let told = wanted();
  const folder = await testFolder();
  const host: ChannelHost = {
    name: "CHANNEL1",
    clock: systemClock,
    log,
    newId: idMaker(systemClock.nowMs),
    base: folder,
    directory: folder,
    drained: false,
    async emit(kind, event) {
      const answer = answers[kind];
      if (answer === undefined) throw new Error(`nobody answers ${kind}`);
      // The answers above are of the kinds that they stand beside.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return answer(event) as Events[typeof kind]["answer"];
    },
    ready() {
      told.resolve();
      told = wanted();
    },
  };
  const channel = await openChannel(channelSettings.parse(settings), host);
  const room = async (): Promise<void> => {
    while (channel.room(undefined) === 0) await told.promise;
  };
  return {
    channel,
    faults,
    room,
    async [Symbol.asyncDispose]() {
      await channel.close(1_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function wanted() {
  return Promise.withResolvers<void>();
}

/** What the far end has to know of a session to say what is right. */
interface Session {
  readonly wire: Wire;
  state: SessionState;
}

/**
 * Sends one mutated PDU and an enquire_link behind it and holds what comes back against the table.
 * `sender` is the side that we play. False once the connection is over, as it had to be.
 */
async function round(session: Session, sender: Role, random: Random, n: number): Promise<boolean> {
  const { wire } = session;
  const pdu = mutate(CORPUS[random(CORPUS.length)] ?? BIND_TRX, random);
  const mark = n * 2 + 0x1000;
  pdu.writeUInt32BE(mark, 12);
  // Now and then a length that cannot be; otherwise a right one, since the rest would be of another PDU.
  const isImpossible = random(400) === 0;
  const length = isImpossible ? [0, 15, 0x1_0001, 0xffff_ffff][random(4)] : undefined;
  pdu.writeUInt32BE(length ?? pdu.length, 0);
  const told = `round ${n}, FUZZ_SEED=${fuzzSeed}, ${session.state}: ${pdu.toString("hex")}`;
  const id = pdu.readUInt32BE(4);
  const command = commandOf(id);
  const link = encodeRare("enquire_link", { sequence: mark + 1 });

  if (random(50) === 0) {
    const cut = 1 + random(pdu.length - 1);
    wire.write(pdu.subarray(0, cut));
    await new Promise((turn) => setImmediate(turn));
    wire.write(Buffer.concat([pdu.subarray(cut), link]));
  } else wire.write(Buffer.concat([pdu, link]));

  if (isImpossible) {
    const nack = await next(wire, told);
    assert.deepEqual([nack?.id, nack?.status], [GENERIC_NACK, 0x02], told);
    assert.equal(await next(wire, told), undefined, told);
    return false;
  }
  const isOver = command === "unbind" && isLegal("unbind", sender, session.state);
  const isOwed = !isResponse(id) && (command === undefined || mayAnswer(command, sender, session));
  let answer: Came | undefined;
  let isLinked = false;
  while (!isLinked || (isOwed && answer === undefined)) {
    const came = await next(wire, told);
    if (came === undefined) {
      // A refused bind ends the connection, and so does an unbind, before or after the enquire_link.
      const isRefusedBind =
        command !== undefined && command in BOUND && answer !== undefined && answer.status !== 0;
      assert.ok(isOver || isRefusedBind, `closed: ${told}`);
      break;
    }
    if (came.sequence === mark + 1) {
      assert.equal(isLinked, false, told);
      assert.ok(came.id === responseTo(COMMAND.enquire_link) || isOver, told);
      isLinked = true;
    } else {
      assert.ok(
        came.sequence === mark && answer === undefined,
        `${came.pdu.toString("hex")}: ${told}`,
      );
      answer = came;
      if (isOver) break;
    }
  }
  if (!isResponse(id)) judge(answer, command, session, sender, told);
  else assert.equal(answer, undefined, told);
  const bound = command === undefined ? undefined : BOUND[command];
  if (bound !== undefined && answer?.status === 0) session.state = bound;
  return wire.isOpen && !isOver;
}

/** outbind and alert_notification are answered only when they are refused. */
function mayAnswer(command: Command, sender: Role, { state }: Session): boolean {
  return hasResponse(command) || !isLegal(command, sender, state);
}

function judge(
  answer: Came | undefined,
  command: Command | undefined,
  { state }: Session,
  sender: Role,
  told: string,
): void {
  const seen = `${answer?.pdu.toString("hex")}: ${told}`;
  if (command === undefined)
    return assert.deepEqual([answer?.id, answer?.status], [GENERIC_NACK, 0x03], seen);
  if (answer === undefined) return assert.ok(!hasResponse(command), seen);
  const isRight = answer.id === responseTo(COMMAND[command]);
  assert.ok(isRight || (answer.id === GENERIC_NACK && !hasResponse(command)), seen);
  if (isLegal(command, sender, state)) {
    const statuses = ANSWERS[command] ?? BROKEN;
    return assert.ok(statuses.includes(answer.status), seen);
  }
  const bindsAgain = command in BOUND && sender === "esme" && state !== "open";
  assert.equal(answer.status, bindsAgain ? 0x05 : 0x04, seen);
}

/** The next answer; undefined when the connection has ended. Silence is a wedge. */
async function next(wire: Wire, told: string): Promise<Came | undefined> {
  const seen = await wire.next();
  assert.notEqual(seen.kind, "silent", `wedged: ${told}`);
  return seen.kind === "answer" ? seen : undefined;
}

/** Octets in use, after what is not has gone. */
function heapMib(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** Plays the rounds with `act`, and looks at memory after the first fifth and at the end. */
async function play(rounds: number, act: (n: number) => Promise<void>): Promise<void> {
  let before = 0;
  for (let n = 0; n < rounds; n += 1) {
    if (n === Math.floor(rounds / 5)) before = heapMib();
    await act(n);
  }
  const grown = heapMib() - before;
  assert.ok(
    grown < growthMibMax,
    `the heap grew by ${grown.toFixed(1)} MiB, FUZZ_SEED=${fuzzSeed}`,
  );
}

const rounds = Math.ceil(fuzzRounds / 2);

test(`[I42] [I43] [I44] [I59] [I60] ${rounds} mutated PDUs at a server are answered as the table says`, async (t) => {
  t.diagnostic(`FUZZ_SEED=${fuzzSeed}`);
  const random = randomFrom(fuzzSeed);
  await using opened = await open({ type: "smpp-server", address: ["127.0.0.1"], port: 0 });
  const { channel, faults } = opened;
  const port = channel.ports()[0] ?? 0;
  let session: Session | undefined;
  t.after(() => session?.wire.close());
  await play(rounds, async (n) => {
    if (session === undefined) {
      session = { wire: await openWire({ host: "127.0.0.1", port, waitMs }), state: "open" };
      // A bind in four is left to chance.
      if (random(4) > 0) {
        const seen = await session.wire.ask(BIND_TRX);
        assert.ok(seen.kind === "answer" && seen.status === 0);
        session.state = "bound_trx";
      }
    }
    if (await round(session, "esme", random, n)) return;
    await session.wire.close();
    session = undefined;
  });
  assert.deepEqual(faults, []);
});

test(`[I43] [I44] ${rounds} mutated PDUs at a client are answered as the table says, and each of its messages is settled once`, async (t) => {
  t.diagnostic(`FUZZ_SEED=${fuzzSeed}`);
  const random = randomFrom(fuzzSeed + 1);
  const sockets: Socket[] = [];
  let came = wanted();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    came.resolve();
  }).listen(0, "127.0.0.1");
  let session: Session | undefined;
  t.after(async () => {
    await session?.wire.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  // A server that listens on TCP has an AddressInfo, which the type cannot know.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  await using opened = await open({
    type: "smpp-client",
    host: "127.0.0.1",
    port,
    systemId: "us",
    password: "secret",
    reconnectMs: 10,
  });
  const { channel, faults, room } = opened;

  /** Takes the next connection and lets it bind. */
  async function bound(): Promise<Session> {
    while (sockets.length === 0) await came.promise;
    came = wanted();
    const socket = sockets.shift();
    assert.ok(socket);
    const wire = wireOn(socket, waitMs);
    const bind = await wire.request(COMMAND.bind_transceiver, waitMs);
    assert.ok(bind.kind === "answer");
    const { sequence } = bind;
    const fields = { system_id: "far" };
    wire.write(encodeRare("bind_transceiver_resp", { sequence, fields }));
    await room();
    return { wire, state: "bound_trx" };
  }

  let taken = 0;
  await play(rounds, async (n) => {
    session ??= await bound();
    if (random(10) === 0) {
      await exchange(session.wire, channel, random, () => (taken += 1));
      assert.equal(taken, 1, `FUZZ_SEED=${fuzzSeed}, round ${n}`);
      taken = 0;
    }
    if (await round(session, "smsc", random, n)) return;
    await session.wire.close();
    session = undefined;
  });
  assert.deepEqual(faults, []);
});

/** A message of theirs that is answered with a mutated answer, then with a right one. */
async function exchange(
  wire: Wire,
  channel: Channel,
  random: Random,
  settled: () => void,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  handOver(channel, outgoing(), () => {
    settled();
    done.resolve();
  });
  const request = await wire.request(COMMAND.submit_sm, waitMs);
  assert.ok(request.kind === "answer");
  const { sequence } = request;
  const answer = encodeRare("submit_sm_resp", { sequence, fields: { message_id: "P1" } });
  const broken = mutate(answer, random);
  broken.writeUInt32BE(broken.length, 0);
  // A request is answered, which the next round would take for its own.
  if (isResponse(broken.readUInt32BE(4))) wire.write(broken);
  wire.write(answer);
  await done.promise;
}
