// How the client channel binds, and what it tells while it is not bound.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { openTestChannel } from "./host.ts";

const host = "127.0.0.1";

function client(port: number, more: Record<string, unknown> = {}) {
  const settings = { type: "smpp-client", host, port, systemId: "us", password: "x" };
  return openTestChannel({ ...settings, reconnectMs: 60_000, reconnectMostMs: 60_000, ...more });
}

/** A provider whose every octet a test writes. */
async function bare(t: TestContext, onBind: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => onBind(socket));
  });
  server.listen(0, host);
  t.after(() => server.close());
  await once(server, "listening");
  const at = server.address();
  return at !== null && typeof at === "object" ? at.port : 0;
}

test("nobody there, a refused bind and a lost one are each listed with the reason", async (t) => {
  const lost = await bare(t, (socket) => socket.destroy());
  await using smsc = await startSmsc({ host, port: 0, rules: { password: "other" } });
  const gone = await startSmsc({ host, port: 0 });
  await gone.close();
  for (const [port, why] of [
    [gone.port, "ECONNREFUSED"],
    [smsc.port, "bind refused with ESME_RINVPASWD"],
    [lost, "ended before it was bound: peer_closed"],
  ] as const) {
    await using ours = await client(port);
    const { facts } = await ours.logged("not bound to the provider");
    assert.equal(facts["trouble"], why);
    const { state, detail } = ours.channel.view();
    assert.deepEqual([state, detail], ["down", `not bound to ${host}:${port}: ${why}`]);
  }
});

test("an answer to the bind with nonsense right behind it leaves nothing half bound", async (t) => {
  // bind_transceiver_resp, status 0, sequence 1, system_id "x"; then a command_length of 3.
  const octets = Buffer.from(
    "00000012 80000009 00000000 00000001 7800 00000003".replaceAll(" ", ""),
    "hex",
  );
  const port = await bare(t, (socket) => socket.end(octets));
  await using ours = await client(port);
  await ours.logged("not bound to the provider");
  assert.equal(ours.channel.room(undefined), 0);
  assert.deepEqual(ours.channel.sessions(), []);
  assert.match(ours.channel.view().detail, /ended before it was bound: bad_length/);
});

test("a lost session is made anew, and its end is told until then", async () => {
  await using smsc = await startSmsc({ host, port: 0 });
  await using ours = await client(smsc.port, { reconnectMs: 10 });
  await ours.room();
  smsc.drop();
  const { facts } = await ours.logged("not bound to the provider");
  assert.match(String(facts["trouble"]), /^session ended: (peer_closed|connection_error)/);
  await smsc.until("bound", 2);
  await ours.room();
});

test("a channel that is closed while it connects forgets that", async (t) => {
  const port = await bare(t, () => {});
  const ours = await client(port);
  await ours[Symbol.asyncDispose]();
  assert.deepEqual(ours.lines, []);
});
