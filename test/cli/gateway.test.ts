import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { adminSocketPath } from "../../src/model/admin-socket.ts";
import { openSite, signalbox } from "./cli.ts";
import { shownOptions, standardOptions } from "../../src/model/account-options.ts";
import { account, channel, forwarded, life, original, session, trigger } from "./views.ts";

// The command line as a child process, against a small server at the admin socket.

// oxlint-disable-next-line no-control-regex -- a colour or a cleared screen would begin with it.
const escape = /\u001b/;

describe("commands that ask the gateway", { concurrency: 4 }, () => {
  const lists = [
    {
      args: ["channel", "list"],
      path: "/v1/channels",
      view: channel,
      shows: /SMPP1 +smpp-client +down .* 12 .*ECONNREFUSED/,
    },
    {
      args: ["session", "list"],
      path: "/v1/sessions",
      view: session,
      shows: /Test1 +transceiver +3\.4 +127\.0\.0\.1:50000 +no /,
    },
    {
      args: ["trigger", "list"],
      path: "/v1/triggers",
      view: trigger,
      shows: /message +10 +ACK +2 +active/,
    },
    {
      args: ["account", "list"],
      path: "/v1/accounts",
      view: { ...account, access: "enabled", sessions: 2 },
      shows: /Test1 +99 +2 +sha1-utf16le +enabled +\+15550100001/,
    },
    {
      args: ["message", "list"],
      path: "/v1/messages?limit=20",
      view: original,
      shows: /2026-11-21 02:45:31\.123 .*Test1 .*SENT +Hello/,
    },
  ];
  for (const { args, path, view, shows } of lists) {
    test(`${args.join(" ")} shows a table, and with --json the same as data`, async () => {
      await using site = await openSite(() => ({ body: [view] }));
      const said = await signalbox([...args, "--config", site.config]);
      assert.deepEqual([said.code, said.err], [0, ""]);
      assert.match(said.out, shows);
      assert.doesNotMatch(said.out, escape, "no colours and no steering where no terminal is");

      const data = await signalbox(["--json", ...args, "--config", site.config]);
      assert.deepEqual(JSON.parse(data.out), [JSON.parse(JSON.stringify(view))]);
      assert.deepEqual([data.code, data.err], [0, ""]);
      assert.deepEqual(
        site.asked.map((one) => `${one.method} ${one.path}`),
        [`GET ${path}`, `GET ${path}`],
      );
    });

    test(`${args.join(" ")} says so when there is nothing`, async () => {
      await using site = await openSite(() => ({ body: [] }));
      const said = await signalbox([...args, "--config", site.config]);
      assert.match(said.out, /^(No \w+|Nobody is bound)\.\n$/);
    });
  }

  test("message list asks for what was named, and for binds only with --all", async () => {
    await using site = await openSite(() => ({ body: [] }));
    const named = [
      "--number",
      "+1555 &x",
      "--channel",
      "SMPP1",
      "--account",
      "T",
      "--status",
      "SENT",
    ];
    await signalbox([
      "message",
      "list",
      "--all",
      "--limit",
      "5",
      ...named,
      "--config",
      site.config,
    ]);
    const query = new URL(site.asked[0]?.path ?? "", "http://x").searchParams;
    assert.deepEqual(Object.fromEntries(query), {
      all: "true",
      limit: "5",
      number: "+1555 &x",
      channel: "SMPP1",
      account: "T",
      status: "SENT",
    });
  });

  test("[A60] message list --oldest-first turns the list round, and a report says what it says", async () => {
    const report = { messageId: "41", state: "UNDELIV", error: "006" };
    const told = { ...forwarded, id: "41", kind: "report", direction: "in", report };
    await using site = await openSite(() => ({ body: [told, original] }));
    const args = ["message", "list", "--config", site.config];
    const newest = await signalbox(args);
    assert.match(newest.out, /report in .*stat:UNDELIV err:006\n.*sms in .*Hello/);
    const oldest = await signalbox([...args, "--oldest-first"]);
    assert.match(oldest.out, /sms in .*Hello.*\n.*report in .*stat:UNDELIV err:006/);
  });

  test("[A27] message show tells all of one message", async () => {
    await using site = await openSite(() => ({ body: forwarded }));
    const said = await signalbox(["message", "show", forwarded.id, "--config", site.config]);
    assert.equal(said.code, 0);
    assert.match(said.out, /original +019aa4c1-5cd3-7000-8000-000000000001/);
    assert.match(said.out, /text +\(not text\)/);
    assert.match(said.out, /waits +in SMPP1, due 2026-11-21 02:46:31\.123, 1 tries so far/);
    assert.match(said.out, /maybe twice/);
    assert.match(said.out, /02:45:31\.132 {2}attempt {2}try 1 over SMPP1 {2}SENT {2}id 41/);
  });

  test("[A39] [A68] trace tells the story, the newest entry first", async () => {
    await using site = await openSite(() => ({ body: [life] }));
    const said = await signalbox(["trace", "+15551234567", "--config", site.config]);
    assert.equal(
      said.out,
      `019aa4c1-5cd3-7000-8000-000000000001  SENT  2 entries, newest first

2. sms out  SMPP1  +15550100001 → +15551234567  SENT
  2026-11-21 02:45:31.126  019aa4c1-5cd4-7000-8000-000000000002
  "(not text)"
  02:45:31.132  attempt  try 1 over SMPP1  SENT  id 41
  waits in SMPP1, due 2026-11-21 02:46:31.123, 1 tries so far
  maybe sent twice: it was in flight when a connection or the gateway ended

1. sms in  SMPP_SERVER1  account Test1  +15550100001 → +15551234567  SENT
  2026-11-21 02:45:31.123  019aa4c1-5cd3-7000-8000-000000000001
  "Hello\\u001b[2J"
  02:45:31.123  received  session=a1b2c3d4e5f6  sequence=2
  02:45:31.124  trigger   ACK v2  120 µs  accepted, charged 1
  02:45:31.124  trigger   AUDIT v1  9 µs  fault trigger_failed  x is not a function  (skipped)
  02:45:31.127  answered  status=0
`,
    );
    assert.equal(site.asked[0]?.path, "/v1/lives/%2B15551234567");
  });

  test("trace --oldest-first turns the entries round", async () => {
    await using site = await openSite(() => ({ body: [life] }));
    const { out } = await signalbox([
      "trace",
      life.root,
      "--oldest-first",
      "--config",
      site.config,
    ]);
    assert.ok(out.indexOf("1. sms in") < out.indexOf("2. sms out"));
  });

  test("account add reads the password from standard input, so that no list of processes has it", async () => {
    const options = shownOptions(standardOptions);
    await using site = await openSite(() => ({
      body: { ...account, id: "New", credits: 5, options, warnings: ["It is weak."] },
    }));
    const args = ["account", "add", "New", "--credits", "5", "--number", "+1", "+2-9"];
    const said = await signalbox([...args, "--config", site.config], { input: "Secret 1\nmore\n" });
    assert.deepEqual([said.code, said.err], [0, "warning: It is weak.\n"]);
    assert.match(said.out, /^Account New is made\. For its customer:\n\n# Connection of New\n/);
    assert.ok(!said.out.includes("Secret 1"));
    const login = { password: "Secret 1", scheme: "scrypt" };
    assert.deepEqual(site.asked, [
      {
        method: "POST",
        path: "/v1/accounts",
        body: { id: "New", ...login, credits: 5, numbers: ["+1", "+2-9"], options: {} },
      },
      { method: "GET", path: "/v1/accounts/New", body: undefined },
    ]);
  });

  test("account credit adds and takes, account password sets a new one", async () => {
    await using site = await openSite(({ method }) =>
      method === "PUT" ? { body: { warnings: [], ended: 0 } } : { body: account },
    );
    await signalbox(["account", "credit", "A/b", "100", "--config", site.config]);
    await signalbox(["account", "credit", "A/b", "-7", "--config", site.config]);
    const args = ["account", "password", "A/b", "--password", "Pwd9"];
    const said = await signalbox([...args, "--config", site.config]);
    assert.equal(said.out, "Account A/b has a new password. Sessions that are bound stay.\n");
    const login = { password: "Pwd9", scheme: "scrypt", endSessions: false };
    assert.deepEqual(site.asked, [
      { method: "POST", path: "/v1/accounts/A%2Fb/credit", body: { add: 100 } },
      { method: "POST", path: "/v1/accounts/A%2Fb/credit", body: { add: -7 } },
      { method: "PUT", path: "/v1/accounts/A%2Fb/password", body: login },
    ]);
  });

  test("account set sends what was typed, a value may hold =, and both show the options", async () => {
    const options = shownOptions({ ...standardOptions, receiptDates: "second" });
    await using site = await openSite(() => ({ body: { ...account, options } }));
    const values = ["receiptDates=second", "receiptTemplate={id}={stat}", "receiptAs="];
    const set = await signalbox(["account", "set", "A/b", ...values, "--config", site.config]);
    const shown = await signalbox(["account", "show", "A/b", "--config", site.config]);
    assert.equal(set.out, shown.out);
    assert.match(shown.out, /^receiptDates +second$/m);
    const json = await signalbox(["account", "show", "A/b", "--json", "--config", site.config]);
    assert.deepEqual(JSON.parse(json.out), { ...account, options });
    const body = { receiptDates: "second", receiptTemplate: "{id}={stat}", receiptAs: "" };
    const get = { method: "GET", path: "/v1/accounts/A%2Fb", body: undefined };
    assert.deepEqual(site.asked, [
      { method: "PATCH", path: "/v1/accounts/A%2Fb/options", body },
      get,
      get,
    ]);
    for (const wrong of ["receiptDates", "=second"]) {
      const said = await signalbox(["account", "set", "A", wrong, "--config", site.config]);
      assert.equal(said.code, 2);
      assert.match(said.err, /It must be name=value/);
    }
  });

  test("a missing or empty password is refused before the gateway is asked", async () => {
    await using site = await openSite(() => ({ body: account }));
    for (const input of ["", "\n", `${"x".repeat(65)}\n`]) {
      const said = await signalbox(["account", "add", "A", "--config", site.config], { input });
      assert.equal(said.code, 2);
      assert.match(said.err, /^signalbox: .*password.*\n$/);
    }
    assert.equal(site.asked.length, 0);
  });

  test("a refusal is one line with the gateway's own words and what to do", async () => {
    const body = { code: "account_exists", message: "account Test1 is there already" };
    await using site = await openSite(() => ({ status: 409, body }));
    const args = ["account", "add", "Test1", "--password", "x", "--config", site.config];
    const said = await signalbox(args);
    assert.deepEqual(said, {
      out: "",
      err:
        "signalbox: account Test1 is there already. " +
        "There is an account of that name; see `signalbox account list`.\n",
      code: 1,
    });
    const data = await signalbox([...args, "--json"]);
    assert.deepEqual([JSON.parse(data.out), data.err, data.code], [{ error: body }, "", 1]);
  });

  test("an answer of another version, or of no gateway at all, is told as that", async () => {
    for (const [body, told] of [
      [[{ id: "x" }], /the gateway's answer is of another version \(0\.name\)/],
      ["<html>", /what answers on the admin socket is no gateway/],
    ] as const) {
      await using site = await openSite(() => ({ body }));
      const said = await signalbox(["channel", "list", "--config", site.config]);
      assert.equal(said.code, 1);
      assert.match(said.err, told);
    }
  });
});

describe("without a gateway", { concurrency: 4 }, () => {
  test("a command tells where it looked and what to do, and exits 3", async () => {
    await using site = await openSite();
    const said = await signalbox(["channel", "list", "--config", site.config]);
    assert.deepEqual(said, {
      out: "",
      err:
        `signalbox: no admin socket in ${join(site.folder, "data")}. ` +
        "No gateway answers there; start one with `npx signalbox start`.\n",
      code: 3,
    });
  });

  test("a socket that a killed gateway left behind counts as none", async () => {
    await using site = await openSite();
    const path = adminSocketPath(join(site.folder, "data"));
    const listening = `require("net").createServer().listen(process.argv[1], () => console.log(1))`;
    const child = spawn(process.execPath, ["-e", listening, path], { stdio: "pipe" });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(statSync(path).isSocket());
    const said = await signalbox(["trace", "x", "--config", site.config]);
    assert.equal(said.code, 3);
  });

  test("faults of the configuration that do not matter for it do not stop a command", async () => {
    await using site = await openSite(() => ({ body: [] }));
    writeFileSync(site.config, "data: ./data\nchannels: { x: 1 }\nfoo: '${NOT_SET}'\n");
    const said = await signalbox(["channel", "list", "--config", site.config]);
    assert.equal(said.code, 0);
  });

  test("the launcher runs through a link, as npx makes one", async () => {
    await using site = await openSite();
    const link = join(site.folder, "signalbox");
    symlinkSync(join(import.meta.dirname, "../../cli/signalbox.js"), link);
    const said = await signalbox(["config", "check"], { script: link, cwd: site.folder });
    assert.equal(said.code, 0);
  });
});
