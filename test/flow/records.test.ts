/** Records of what really went through a gateway, by the command line as an operator uses it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { signalbox } from "../cli/cli.ts";
import { startGateway } from "../support/gateway.ts";

const gateway = await startGateway({
  live: true,
  triggers: {
    "bind.ts": `import { onBind } from "signalbox";
      export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
    "out.ts": `import { onMessage } from "signalbox";
      export const OUT = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => {
        m.accept({ charge: 0.25 * m.parts });
        m.forward({ channel: m.to.endsWith("9") ? "NOWHERE" : "SMPP1" });
      });`,
  },
  provider: {
    outcome: (sms) => ({ answer: sms.octets.toString() === "never" ? 0x0b : 0, report: "none" }),
  },
  channels: {
    NOWHERE: {
      type: "smpp-client",
      host: "provider.invalid",
      systemId: "signalbox",
      password: "simulator",
      recordAddress: "192.0.2.9",
      reconnectMs: 50,
    },
  },
});
const folder = await mkdtemp(join(tmpdir(), "signalbox-records-"));
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
const config = join(dirname(gateway.triggers), "signalbox.yaml");
const run = (...args: string[]) => signalbox([...args, "--config", config]);

const from = "+31201234567";
const to = "+31612345678";

test("[Y23] [Y34] [Y35] each message has its record with both ids and the peer's own error, found by any id and exported", async () => {
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password: "Pwd1",
  });
  const good = await esme.submit({ from, to, text: "good" });
  const never = await esme.submit({ from, to, text: "never" });
  const lost = {
    ...smsOf({ from, to: "+31612345679", text: "lost" }),
    // SMPP v3.4 §7.1.1.2: one second from now.
    validityPeriod: "000000000001000R",
  };
  const late = await esme.submit(lost);
  const taken = await gateway.provider.received(2);
  await gateway.running.settled();
  const lifeOf = async () => (await gateway.running.admin.lives(late.messageId))[0];
  while ((await lifeOf())?.status !== "EXPIRED") await new Promise((go) => setImmediate(go));

  const providerId = taken.find((one) => one.sms.octets.toString() === "good")?.messageId ?? "";
  for (const key of [good.messageId, good.messageId.replaceAll("-", ""), providerId]) {
    const [one] = await gateway.running.store.records.find(key);
    assert.equal(one?.root, good.messageId, `found by ${key}`);
    assert.equal(one.provider_id, providerId);
    assert.deepEqual([one.charge, one.kept, one.triggers], ["0.2500", "0.2500", "OUT:1"]);
    assert.equal(one.provider_address, "127.0.0.1");
  }
  const shown = (await run("record", "show", never.messageId)).out;
  assert.match(shown, /^peer_error +ESME_RINVDSTADR/m);
  assert.match(shown, /^kept +0\.0000$/m);
  const [told] = await gateway.running.store.records.find(late.messageId);
  assert.deepEqual([told?.provider_address, told?.error], ["192.0.2.9", "expired_here"]);
  const unknown = await run("record", "show", "nothing");
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /no message is known by nothing/);

  const day = new Date().toISOString().slice(0, 10);
  for (const format of ["csv", "jsonl"]) {
    const made = await run("record", "export", "--day", day, "--format", format, "--to", folder);
    assert.match(made.out, /has 3 records/, made.err);
  }
  assert.deepEqual((await readdir(folder)).length, 4, "nothing half");
  execFileSync("sha256sum", ["--check", `records-${day}.csv.sha256`], { cwd: folder });
  const lines = (await readFile(join(folder, `records-${day}.csv`), "utf8")).trim().split("\r\n");
  assert.ok(
    lines.some((line) => line.includes(`,${providerId},Test1,SMPP_SERVER1,SMPP1,127.0.0.1,`)),
  );
  const wrong = await run("record", "export", "--day", "2026-02-30");
  assert.match(wrong.err, /must be a day such as/);
  const nowhere = await run("record", "export", "--day", day, "--to", join(folder, "nowhere"));
  assert.notEqual(nowhere.code, 0);
  assert.match(nowhere.err, /ENOENT/);

  const ends = ["--to", to.slice(1), "--from", from, "--since", "1h"];
  const listed = JSON.parse((await run("message", "list", ...ends, "--json")).out);
  assert.deepEqual(
    listed.map((one: { id: string }) => one.id),
    [never.messageId, good.messageId],
    "originals to and from these",
  );
  const none = await run("message", "list", "--from", to, "--json");
  assert.deepEqual(JSON.parse(none.out), []);
});
