// The commands that change the configuration, against a stand-in for the gateway.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { ConfigPlanView } from "../../src/model/view.ts";
import { shownOptions, standardOptions } from "../../src/model/account-options.ts";
import { openSite, signalbox } from "./cli.ts";
import { account } from "./views.ts";

const plan: ConfigPlanView = {
  version: 4,
  changes: [
    { path: "channels.SMPP1.host", before: "old", after: "new" },
    { path: "channels.SMPP1.sender", after: "+31699887766" },
    { path: "channels.SMPP1.recipient", before: "+31688776655" },
    { path: "drainMs", before: 1, after: 2 },
  ],
  channels: [
    { channel: "SMPP1", what: "reopen", queued: 0 },
    { channel: "SMPP2", what: "close", queued: 3 },
  ],
  restart: ["drainMs"],
};

test("config plan shows what would change, of another file as of the file itself", async () => {
  await using site = await openSite(() => ({ body: plan }));
  const other = join(dirname(site.config), "next.yaml");
  writeFileSync(other, "# next\n");
  const said = await signalbox(["config", "plan", other, "--config", site.config]);
  assert.deepEqual([said.code, said.err], [0, ""]);
  assert.match(said.out, /channels\.SMPP1\.host +old +new/);
  assert.match(said.out, /channels\.SMPP1\.sender +\+31699887766/);
  assert.match(said.out, /channels\.SMPP1\.recipient +\+31688776655/);
  assert.match(said.out, /SMPP1 is made anew: its sessions are unbound first\./);
  assert.match(said.out, /SMPP2 closes; 3 messages stay in its queue/);
  assert.match(said.out, /In force from the next start on only: drainMs\./);
  await signalbox(["config", "plan", "--config", site.config]);
  assert.deepEqual(
    site.asked.map(({ method, path, body }) => [method, path, body]),
    [
      ["POST", "/v1/config/plan", { text: "# next\n" }],
      ["POST", "/v1/config/plan", { text: readFileSync(site.config, "utf8") }],
    ],
  );
});

test("[Y03] channel set sends text as text and all else as it would stand in the file", async () => {
  const failed = { ...plan.channels[0]!, failed: "no such address" };
  await using site = await openSite(() => ({ body: { ...plan, channels: [failed] } }));
  const settings = ["host=new:2800", "sender=+4930", "binds=2", "tls=true", "recipient="];
  const said = await signalbox(["channel", "set", "SMPP1", ...settings, "--config", site.config]);
  assert.deepEqual(site.asked[0], {
    method: "PATCH",
    path: "/v1/channels/SMPP1",
    body: { host: "new:2800", sender: "+4930", binds: 2, tls: true, recipient: null },
  });
  assert.equal(said.code, 1, "a channel that does not open is no success");
  assert.match(said.out, /Version 4 is in force\./);
  assert.match(said.err, /SMPP1 does not open \(no such address\) and goes on as before\./);
});

test("config rollback without a number goes to the version before the present one", async () => {
  const versions = [4, 3, 1].map((number) => ({ number, atMs: 1_700_000_000_000, by: "ann" }));
  await using site = await openSite(({ method }) => ({ body: method === "GET" ? versions : plan }));
  const listed = await signalbox(["config", "history", "--config", site.config]);
  assert.match(listed.out, /4 +2023-11-14 22:13:20\.000 +ann +in force\n3 /);
  assert.equal((await signalbox(["config", "rollback", "--config", site.config])).code, 0);
  assert.equal(site.asked.at(-1)?.path, "/v1/config/versions/3/restore");
});

test("[I04] account sheet prints what a customer needs to connect, and never a password", async () => {
  const options = shownOptions({ ...standardOptions, bindsMax: 2, rate: "30/s" });
  await using site = await openSite(() => ({ body: { ...account, options } }));
  const text = readFileSync(site.config, "utf8");
  const channels =
    'channels:\n  IN: { type: smpp-server, address: ["0.0.0.0"], tls: { port: 2776 } }\n';
  writeFileSync(site.config, text.replace(/^channels:.*(\n .*)*\n?/m, channels));
  const args = ["account", "sheet", "Test1", "--host", "smsc.example.org"];
  const said = await signalbox([...args, "--config", site.config]);
  assert.deepEqual([said.code, said.err], [0, ""]);
  for (const line of [
    "# Connection of Test1",
    "| host and port | `smsc.example.org`, port 2775, in clear |",
    "| host and port | `smsc.example.org`, port 2776, with TLS, 1.2 or newer |",
    "| system_id | `Test1` |",
    "| sessions at a time | 2 |",
    "| rate | 30/s |",
    "| data_coding | 0 is gsm7, 1 ascii, 3 latin1, 4 binary, 8 ucs2 |",
  ])
    assert.ok(said.out.split("\n").includes(line), line);
  assert.match(said.out, /--host smsc\.example\.org --port 2776 --tls --system-id Test1/);
  assert.doesNotMatch(said.out, /Pwd1|sha1|scrypt/);
});

test("[A02] route explain says where a number goes, what is next, and why each rule was or was not taken", async () => {
  const way = { rule: "NL", why: "named by it" };
  const steps = [
    { rule: "rules[0]", target: "SMPP3", taken: false, why: "to +31 does not match ^1" },
    { rule: "NL", target: "SMPP1", taken: true, why: "to matches ^.31" },
  ];
  const first = { ...way, channel: "SMPP1", price: "0.01" };
  const candidates = [first, { ...way, channel: "SERVER", account: "Test2" }];
  await using site = await openSite(({ path }) => ({
    body: path.endsWith("explain") ? { candidates, steps } : plan,
  }));
  const asked = ["route", "explain", "+31", "--account", "Test1", "--origin", "own"];
  const said = await signalbox([...asked, "--config", site.config]);
  assert.deepEqual([said.code, said.err], [0, ""]);
  assert.deepEqual(site.asked[0]?.body, { to: "+31", account: "Test1", origin: "own" });
  assert.match(said.out, /^\+31 goes to SMPP1 for 0\.01, if that fails SERVER\/Test2\./);
  assert.match(said.out, /✓ +NL +SMPP1 +to matches/);
  assert.equal((await signalbox(["route", "rollback", "3", "--config", site.config])).code, 0);
  assert.deepEqual(site.asked[1]?.body, { version: 3 });
  const routes = join(dirname(site.config), "routes.yaml");
  writeFileSync(routes, "routes: {}\n");
  assert.equal((await signalbox(["route", "apply", routes, "--config", site.config])).code, 0);
  assert.deepEqual(site.asked[2]?.body, { name: "routes.yaml", text: "routes: {}\n" });
});
