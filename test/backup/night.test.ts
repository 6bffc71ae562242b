/**
 * A night of an operator at a whole gateway: the provider is held, messages wait, one is cancelled,
 * one goes out again, all is backed up and restored. Each step is typed, nothing is a stand-in.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { SessionView } from "../../src/model/view.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { freshDatabase } from "../support/database.ts";
import { startGateway } from "../support/gateway.ts";
import { signalbox } from "../cli/cli.ts";

test("what an operator does at night, from the first look to the restored backup", async () => {
  await using gateway = await startGateway();
  const { provider } = gateway;
  const folder = dirname(gateway.triggers);
  const config = configAt(folder, "signalbox.yaml", gateway.databaseUrl);
  const typed = (line: string, at = config) =>
    signalbox([...line.split(" "), "--config", at], { cwd: folder });
  const done = async (line: string): Promise<string> => {
    const said = await typed(line);
    assert.deepEqual([said.err, said.code], ["", 0], line);
    return said.out;
  };

  await provider.until("bound", 1);
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password: "Pwd1",
  });
  assert.match(await done("status"), /is well/);

  // The provider is held: what customers send waits, and status says so.
  assert.match(await done("channel pause SMPP1"), /^SMPP1 is paused; 0 messages wait/);
  const ids: string[] = [];
  for (const text of ["first", "second"]) {
    const wanted = { from: "+15550100001", to: "+15551234567", text, registeredDelivery: 1 };
    const answer = await esme.submit(wanted);
    ids.push(answer.messageId ?? "");
  }
  const held = await typed("status");
  assert.equal(held.code, 5);
  assert.match(held.out, /^! .*SMPP1.*paused/m);
  assert.match(held.out, /SMPP1 +up, paused +\d+ s +1 +2 /);
  assert.match(await done("queue list"), /^SMPP1 +2 +\d+ s +0 +0$/m);

  // One of them is not wanted any more.
  const [first = "", second = ""] = ids;
  assert.match(await done(`message cancel ${first}`), / is CANCELLED\.\n$/);
  const again = await typed(`message cancel ${first}`);
  assert.equal(again.code, 1);
  assert.match(await done("message list --status CANCELLED"), /first/);
  assert.match(await done("channel resume SMPP1"), /^SMPP1 goes on; 1 message waits/);
  await provider.until("received", 1);

  // It was a mistake, and it is sent after all: in the same life.
  const resent = JSON.parse(await done(`message resend ${first} --json`));
  assert.deepEqual([resent.root, resent.queue], [first, "SMPP1"]);
  await provider.until("received", 2);
  assert.equal(provider.counts.received, 2);
  const told = await done(`trace ${first} --follow`);
  assert.match(told, new RegExp(`^${first}  DELIVERED`, "m"));
  await done(`trace ${second} --follow`);

  // Nothing is left over.
  for (const line of [
    "message list --stuck 1s",
    "message list --uncertain",
    "message list --unrouted",
  ])
    assert.equal(await done(line), "No messages.\n");
  assert.equal(await done("deadletter list"), "No dead letters.\n");
  assert.equal(await done("report unmatched"), "No unmatched reports.\n");
  assert.match(await done("status"), /is well/);

  assert.match(
    await done("log level debug --channel SMPP1 --for 10m"),
    /SMPP1 +debug +to info in /,
  );
  const session = JSON.parse(await done("session list --json")).find(
    (one: SessionView) => one.account === "Test1",
  );
  await done(`session kick ${session.id}`);
  await esme.closed;

  // A gateway's own refusals.
  for (const line of [
    "channel pause NONE",
    "queue retry NONE",
    "queue move SMPP1 SMPP1",
    "queue drop NONE --yes",
    "message cancel 019aa4c1-5cd3-7000-8000-000000000001",
    "message resend nonsense",
    "deadletter retry 019aa4c1-5cd3-7000-8000-000000000001",
    `session kick ${session.id}`,
    "log level pdu --channel NONE",
  ]) {
    const said = await typed(line);
    assert.deepEqual([said.out, said.code], ["", 1], line);
    assert.match(said.err, /^signalbox: [^\n]+\n$/);
    assert.doesNotMatch(said.err, /fault of ours|another version/, line);
  }

  // All of it in a file, and from there into an empty database; never over a working gateway.
  assert.match(await done("db backup night.backup"), /^night\.backup holds everything of /);
  assert.match(await done("db verify night.backup"), /is whole/);
  const taken = await typed("db restore night.backup --replace --yes");
  assert.deepEqual([taken.out, taken.code], ["", 1]);
  await using other = await freshDatabase({ empty: true });
  const elsewhere = configAt(folder, "other.yaml", other.url);
  const restored = await typed("db restore night.backup", elsewhere);
  assert.deepEqual([restored.err, restored.code], ["", 0]);
  assert.match(restored.out, /^The database now holds everything of /);
  const [row] = await other.query<{ n: number }>("select count(*)::int as n from message");
  assert.ok((row?.n ?? 0) >= 5, "two originals, three tries to send them, and their reports");
  const twice = await typed("db restore night.backup", elsewhere);
  assert.match(twice.err, /Nothing was changed; .*--replace/);
  const lone = await typed("db backup other.backup", elsewhere);
  assert.deepEqual([lone.err, lone.code], ["", 0], "without a gateway, from the database itself");

  // The person who got them asks to be forgotten.
  const { erased } = JSON.parse(await done("privacy erase +15551234567 --yes --json"));
  assert.ok(erased.messages >= 2, JSON.stringify(erased));
  assert.doesNotMatch(await done("message list --all"), /15551234567|first|second/);
});

/** Its own data directory, so that no gateway answers where there is none. */
function configAt(folder: string, name: string, url: string): string {
  const path = join(folder, name);
  const data = name === "signalbox.yaml" ? "data" : "elsewhere";
  const text = { data: `./${data}`, database: { url }, channels: {} };
  writeFileSync(path, JSON.stringify(text));
  return path;
}
