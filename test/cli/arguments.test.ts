import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { openSite, signalbox } from "./cli.ts";

describe("what is typed", { concurrency: 4 }, () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["chanel list", /unknown command 'chanel'.* See `signalbox --help`/],
    ["channel lst", /unknown command 'lst'.* See `signalbox channel --help`/],
    ["trace", /missing required argument 'id'\. See `signalbox trace --help`/],
    ["trace a b", /too many arguments/],
    ["message list --limit 0", /--limit.* It must be a whole number from 1 to 1000/],
    ["message list --status LOST", /Allowed choices are CREATED, /],
    ["channel list --frob", /unknown option '--frob'/],
    ["account credit Test1 much", /"much" is not an amount such as 12 or 0\.0065/],
    ["simulate esme", /--to and --text are needed, or --listen/],
    ["simulate esme --to 1 --text x --port 99999", /--port.* from 1 to 65535/],
    ["simulate smsc --share LOST=5", /It must be OUTCOME=PERCENT with one of ENROUTE/],
    ["simulate smsc --share UNDELIV=60 none=60", /All shares together may be 100 at most/],
    ["simulate smsc --by-last-digit --share none=1", /cannot be used together/],
  ];
  for (const [line, told] of wrong) {
    test(`\`${line}\` is refused in one line with exit code 2`, async () => {
      const said = await signalbox(line.split(" "));
      assert.deepEqual([said.out, said.code], ["", 2]);
      assert.match(said.err, /^signalbox: [^\n]+\n$/);
      assert.match(said.err, told);
    });
  }

  test("--help tells the commands and the exit codes and is no fault", async () => {
    const said = await signalbox(["--help"]);
    assert.equal(said.code, 0);
    assert.match(said.out, /4 {2}the configuration has faults/);
  });

  test("--help of a command tells the global options too", async () => {
    const said = await signalbox(["message", "list", "--help"]);
    assert.match(said.out, /--config <file>/);
  });
});

describe("config", { concurrency: 4 }, () => {
  test("check tells every fault on a line and exits 4, start does the same", async () => {
    await using site = await openSite();
    writeFileSync(site.config, "dat: x\nchannels: 5\n");
    for (const command of [["config", "check"], ["start"]]) {
      const said = await signalbox([...command, "--config", site.config]);
      assert.deepEqual(said, {
        out: "",
        err:
          `${site.config}:1:1: dat is no setting; did you mean "data"?\n` +
          `${site.config}:2:11: channels must be a group of named entries, not a whole number\n` +
          `signalbox: 2 faults in ${site.config}. ` +
          "Mend the named lines; `signalbox config check` tells all faults without starting.\n",
        code: 4,
      });
    }
    const data = await signalbox(["config", "check", "--json", "--config", site.config]);
    assert.deepEqual([data.code, data.err], [4, ""]);
    const { error } = JSON.parse(data.out);
    assert.deepEqual(error.faults[1], {
      file: site.config,
      line: 2,
      column: 11,
      path: "channels",
      text: "must be a group of named entries, not a whole number",
    });
  });

  test("check reads the tables of codes that the channels name, too", async () => {
    await using site = await openSite();
    const channel = (codes: string) =>
      `  ${codes === "none" ? "SMPP2" : "SMPP1"}: { type: smpp-client, host: h, systemId: s, password: p, reports: { codes: ${codes} } }\n`;
    writeFileSync(site.config, `channels:\n${channel("./codes.yaml")}${channel("none")}`);
    const codes = join(dirname(site.config), "codes.yaml");
    writeFileSync(codes, "errors:\n  1: 11\n  2: 1000\n");
    const said = await signalbox(["config", "check", "--config", site.config]);
    assert.equal(said.code, 4);
    assert.match(said.err, /codes\.yaml:3:6: errors\.2 must be a code of our catalogue: 2, 3, 4/);
    assert.match(said.err, /: channels\.SMPP2\.reports\.codes is no table of codes; shipped are /);
    writeFileSync(codes, "errors:\n  1: 11\n");
    writeFileSync(site.config, `channels:\n${channel("./codes.yaml")}`);
    assert.equal((await signalbox(["config", "check", "--config", site.config])).code, 0);
  });

  test("a missing file is named with what to do", async () => {
    await using site = await openSite();
    const said = await signalbox(["config", "check"], { cwd: "/" });
    assert.equal(said.code, 4);
    assert.match(said.err, /^signalbox\.yaml: does not exist; name another file with --config\n/);
    assert.equal(site.asked.length, 0);
  });

  test("[C08] show tells what is in force, also what was left out, without secrets", async () => {
    await using site = await openSite();
    const url = "postgres://me:hidden@host/name";
    const channel =
      "{ type: smpp-client, host: x, systemId: a, password: hidden, sourceAddress: 127.0.0.2 }";
    writeFileSync(site.config, `database: { url: "\${URL}" }\nchannels: { ONE: ${channel} }\n`);
    const args = ["config", "show", "--config", site.config];
    const said = await signalbox(args, { env: { URL: url } });
    assert.equal(said.code, 0);
    assert.match(said.out, /^data: \.\/data$/m);
    assert.match(said.out, /url: "?\*\*\*"?/);
    for (const line of [
      "  level: info",
      "    relayWithinMs: 0",
      "    dialogs: false",
      "    dialogMs: 86400000",
      "    sourceAddress: 127.0.0.2",
    ])
      assert.ok(said.out.split("\n").includes(line), line);
    const data = await signalbox([...args, "--json"], { env: { URL: url } });
    assert.equal(JSON.parse(data.out).database.url, "***");
    assert.doesNotMatch(said.out + data.out, /hidden/);
  });

  test("schema prints a JSON Schema", async () => {
    const said = await signalbox(["config", "schema"]);
    assert.equal(JSON.parse(said.out).title, "signalbox.yaml");
  });
});
