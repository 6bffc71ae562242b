/** Versions, canaries and switches of triggers, over the admin socket of the whole gateway and over restarts. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TriggerVersionText, TriggerVersionView, TriggerView } from "../../src/model/view.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startLoad } from "../support/load.ts";

/** ms. Far more than anything takes here. */
const patienceMs = 60_000;

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway[Symbol.asyncDispose]());

function text(what: string): string {
  return `import { onMessage } from "signalbox";
export const ACK = onMessage({ channels: ["SMPP_SERVER1"], order: 10 }, (message) => {
  ${what}
});
`;
}

async function ask<T = TriggerView[]>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await askAdmin<T>(gateway.running.admin.socket, method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

async function refused(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) {
  const answer = await askAdmin<Refusal>(gateway.running.admin.socket, method, path, body);
  return `${answer.status} ${answer.body.code}`;
}

async function save(what: string): Promise<void> {
  await writeFile(join(gateway.triggers, "acknowledge.ts"), text(what));
  await gateway.running.engine.rescan();
}

const ack = () =>
  gateway.running.engine
    .list()
    .filter(({ name }) => name === "ACK")
    .map(({ version, state }) => `${version} ${state}`);

async function status(systemId: "Test1" | "Test2" = "Test1"): Promise<number | undefined> {
  await using esme = await customer(gateway, { systemId, password: `Pwd${systemId.at(-1)}` });
  const answer = await esme.submit({ from: "+31699887766", to: "+31612345670", text: "Hello" });
  return answer.status;
}

test("a rollback, a canary and a switch outlive a restart of the gateway", async () => {
  await save("message.reject(0x451);");
  assert.equal(await status(), 0x451);
  const [rolled] = await ask("POST", "/v1/triggers/ACK/rollback", {});
  assert.deepEqual([rolled?.version, rolled?.state], [1, "rolledBack"]);
  assert.equal(await status(), 0);
  await gateway.restart();
  assert.deepEqual(ack(), ["1 rolledBack"]);
  assert.equal(await status(), 0);
  const versions = await ask<TriggerVersionView[]>("GET", "/v1/triggers/acknowledge.ts/versions");
  assert.deepEqual(
    versions.map(({ version, runs }) => [version, runs]),
    [
      [2, "none"],
      [1, "all"],
    ],
  );
  const shown = await ask<TriggerVersionText>("GET", "/v1/triggers/ACK/source?version=2");
  assert.equal(shown.texts[0]?.text, text("message.reject(0x451);"));

  await ask("POST", "/v1/triggers/ACK/canary", { accounts: ["Test2"], version: 2 });
  await gateway.restart();
  assert.deepEqual(ack(), ["1 active", "2 canary"]);
  assert.deepEqual([await status("Test1"), await status("Test2")], [0, 0x451]);
  await ask("DELETE", "/v1/triggers/ACK/canary");
  assert.equal(await status("Test2"), 0);

  await ask("POST", "/v1/triggers/ACK/disable");
  await gateway.restart();
  assert.deepEqual(ack(), ["1 disabled"]);
  // Nobody answers, and SMPP_SERVER1 closes sessions then.
  assert.notEqual(await status(), 0);
  await ask("POST", "/v1/triggers/ACK/enable");
  assert.equal(await status(), 0);
  await ask("POST", "/v1/triggers/ACK/rollback", { undo: true });
  assert.deepEqual(ack(), ["2 active"]);
  const told = gateway.log.lines.find((line) => line["text"] === "A trigger was enabled.");
  assert.ok(told !== undefined && typeof told["by"] === "string");
});

test("[B02] with activation: tested a save that fails its test stays out, and customers notice nothing", async () => {
  const expected = (status: number) => `import { test } from "signalbox/test";
test("answers ${status}", async ({ message, assert }) => {
  assert.equal((await message({ channel: "SMPP_SERVER1" })).code ?? 0, ${status});
});
`;
  await using strict = await startGateway({
    settings: { activation: "tested" },
    triggers: {
      "ack.ts": text("message.accept({ charge: 0 });"),
      "ack.test.ts": expected(0),
      "bind.ts": await readFile(new URL("../../triggers/bind.ts", import.meta.url), "utf8"),
    },
  });
  const answered = async (): Promise<number | undefined> => {
    await using esme = await customer(strict);
    return (await esme.submit({ from: "+31699887766", to: "+31612345670", text: "Hello" })).status;
  };
  assert.equal(await answered(), 0);
  await writeFile(join(strict.triggers, "ack.ts"), text("message.reject(0x451);"));
  await strict.running.engine.rescan();
  assert.equal(await answered(), 0);
  const view = strict.running.engine.list().find(({ file }) => file === "ack.ts");
  assert.match(
    view?.detail ?? "",
    /^ack\.test\.ts:3:\d+ .*answers 0" fails; version 1 runs still$/,
  );
  await writeFile(join(strict.triggers, "ack.test.ts"), expected(0x451));
  await strict.running.engine.rescan();
  assert.equal(await answered(), 0x451);
});

test("what cannot be done is refused with a code", async () => {
  const refusals = [
    await refused("POST", "/v1/triggers/NONE/rollback", {}),
    await refused("POST", "/v1/triggers/ACK/rollback", { to: 99 }),
    await refused("POST", "/v1/triggers/ACK/rollback", { to: 1, undo: true }),
    await refused("GET", "/v1/triggers/ACK/source?version=99"),
    await refused("POST", "/v1/triggers/ACK/canary", {}),
    await refused("POST", "/v1/triggers/ACK/canary", { share: 5, accounts: ["Test1"] }),
    await refused("POST", "/v1/triggers/ACK/canary", { share: 100 }),
    await refused("POST", "/v1/triggers/ACK/promote"),
    await refused("POST", "/v1/triggers/ACK/release"),
    await refused("DELETE", "/v1/triggers/ACK/canary"),
  ];
  assert.deepEqual(refusals, [
    "404 unknown_trigger",
    "404 unknown_trigger_version",
    "400 bad_request",
    "404 unknown_trigger_version",
    "400 bad_request",
    "400 bad_request",
    "400 bad_request",
    "409 trigger_state",
    "409 trigger_state",
    "409 trigger_state",
  ]);
});

test("a file that throws is dropped in under load: the version before is back, and no message is lost", async () => {
  await save("message.accept({ charge: 0 });");
  await using load = startLoad({ port: gateway.port, windowRequests: 10, rate: 100, patienceMs });
  await load.more(20);
  await save(`throw new Error("oops");`);
  await load.more(50);
  assert.deepEqual(ack(), ["3 rolledBack"]);
  const status = await ask<{ troubles: readonly string[] }>("GET", "/v1/status");
  assert.match(status.troubles.join("\n"), /ACK failed too often: version 3 runs, rolled back by/);
  await load.quiet();
  // Who was refused was told to try again; who was accepted has his message written down.
  assert.deepEqual([...load.refused.keys()], [0x08]);
  const [rows] = await gateway.query<{ count: number }>(
    "select count(*)::integer as count from message where kind = 'sms' and direction = 'in' and id = any ($1::uuid[])",
    [[...load.accepted.values()]],
  );
  assert.equal(rows?.count, load.accepted.size);
});
