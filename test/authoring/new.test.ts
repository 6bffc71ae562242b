/**
 * `trigger new`: all templates, with as little said as possible and with all of it, are written into one
 * folder, and there formatted, checked by the compiler, loaded and tested as an author's files are.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { WrongArguments } from "../../cli/failure.ts";
import { answered, type Known } from "../../cli/template-answers.ts";
import { openQuestions } from "../../cli/template-questions.ts";
import { TEMPLATES } from "../../src/trigger/templates/templates.ts";
import { openRehearsal } from "../../src/trigger/rehearsal.ts";
import { runTests } from "../../src/trigger/test-runner.ts";
import { openSite, signalbox } from "../cli/cli.ts";

const run = promisify(execFile);

/** As wide as a channel's name may be. */
const WIDE = "A_CHANNEL_WITH_A_VERY_LONG_NAME1";

const known: Known = {
  channels: [
    { name: "SMPP_SERVER1", leads: "customers" },
    { name: "SMPP1", leads: "provider" },
    { name: "SMPP2", leads: "provider" },
    { name: WIDE, leads: "provider" },
    { name: `${WIDE.slice(0, -1)}2`, leads: "provider" },
    { name: `${WIDE.slice(0, -1)}3`, leads: "provider" },
  ],
  dataSources: ["customers"],
};

const wide = [WIDE, `${WIDE.slice(0, -1)}2`, `${WIDE.slice(0, -1)}3`];
const fromCustomers = { from: ["SMPP_SERVER1"] };
const fromProvider = { from: ["SMPP1"] };
const table = { "data-source": ["customers"], table: ["sms.users"] };
const long =
  'It\'s “a text” of more than a line, with "quotes", a\nline and a */ that ends no comment, and then some.';

/** The options of each template: what must be said, and what may be. */
const VARIANTS: Readonly<Record<string, readonly Readonly<Record<string, readonly string[]>>[]>> = {
  empty: [
    {},
    ...["bind", "message", "report", "status", "channel", "session"].map((event) => ({
      event: [event],
      from: [event === "bind" || event === "session" ? "SMPP_SERVER1" : "SMPP1", ...wide],
    })),
    { event: ["schedule"], cron: ["*/5 8-20 * * mon,tue"] },
  ],
  bind: [
    fromCustomers,
    { from: ["SMPP_SERVER1", ...wide], users: ["anyone"] },
    { ...fromCustomers, ...table, users: ["table"] },
    {
      ...fromCustomers,
      ...table,
      users: ["table"],
      "system-id-column": ["SystemID"],
      "password-column": ["PasswordHash"],
      scheme: ["scrypt"],
    },
  ],
  acknowledge: [
    fromCustomers,
    { from: ["SMPP_SERVER1", ...wide] },
    { ...fromCustomers, credits: ["none"] },
    { ...fromCustomers, ...table, credits: ["table"] },
    {
      ...fromCustomers,
      ...table,
      credits: ["table"],
      "system-id-column": ["SystemID"],
      "credits-column": ["Credits"],
    },
  ],
  forward: [
    { ...fromCustomers, to: ["SMPP1"] },
    { from: ["SMPP_SERVER1", ...wide], to: [WIDE] },
  ],
  "route-by-range": [
    { ...fromCustomers, route: ["+31=SMPP1"] },
    { ...fromCustomers, route: ["+31=SMPP1", "+316=SMPP2", `44=${WIDE}`, "32=SMPP1"] },
  ],
  "database-query": [
    { ...fromCustomers, ...table },
    {
      ...fromCustomers,
      ...table,
      "number-column": ["msisdn"],
      "channel-column": ["carrier"],
      otherwise: [WIDE],
    },
  ],
  "web-query": [
    { ...fromCustomers, url: ["https://api.example.com/sms"], to: ["SMPP1"] },
    {
      ...fromCustomers,
      url: [`https://api.example.com/${"a-long-path/".repeat(8)}?key=value&other=value`],
      to: [WIDE],
    },
  ],
  "apply-report": [fromProvider, { from: ["SMPP1", "SMPP2", ...wide] }],
  "forward-report": [fromProvider, { from: ["SMPP1", ...wide], status: ["DELIVERED", "NOREPORT"] }],
  failover: [
    { ...fromProvider, to: ["SMPP2"] },
    { from: ["SMPP1", ...wide], to: [WIDE], status: ["NOTDELIVERED", "NOREPORT", "FAILED"] },
  ],
  "receive-forward": [
    { ...fromProvider, to: ["SMPP_SERVER1"] },
    { from: ["SMPP1", ...wide], to: ["SMPP_SERVER1"] },
  ],
  dialogs: [
    { ...fromCustomers, to: ["SMPP1"] },
    { from: ["SMPP_SERVER1", ...wide.slice(1)], to: [WIDE], refusal: ["0x64"] },
  ],
  "auto-reply": [
    { ...fromProvider, to: ["SMPP1"] },
    { from: [WIDE], to: [WIDE], text: [long] },
  ],
  "keyword-reply": [
    { ...fromProvider, to: ["SMPP1"], reply: ["INFO=Open from 9 to 17"] },
    {
      from: [WIDE],
      to: [WIDE],
      reply: [`prijs=${long}`, "één-twee=drie = vier", "24/7=always", "été=summer", "2=two"],
    },
  ],
  "assemble-multipart": [
    { ...fromCustomers, to: ["SMPP1"] },
    { from: ["SMPP_SERVER1", WIDE], to: [WIDE] },
  ],
  "stop-list": [
    { ...fromProvider, guard: ["SMPP_SERVER1"] },
    {
      from: ["SMPP1", ...wide],
      guard: ["SMPP_SERVER1", ...wide],
      stop: ["stop", "ARRÊT", "停止", ...Array.from({ length: 12 }, (_, at) => `halt${at}`)],
      start: ["start", "encore"],
    },
  ],
  "quiet-hours": [
    fromCustomers,
    {
      from: ["SMPP_SERVER1", ...wide],
      zone: ["Asia/Kathmandu"],
      start: ["00:30"],
      end: ["06:15"],
      answer: ["refused_by_rule"],
    },
  ],
  "flood-guard": [
    fromCustomers,
    { from: ["SMPP_SERVER1", ...wide], by: ["recipient"], limit: ["3"], seconds: ["86400"] },
    { ...fromCustomers, by: ["sender"], limit: ["50"], seconds: ["1"] },
  ],
  schedule: [
    { to: ["SMPP1"], number: ["+31612345678"] },
    {
      to: [WIDE],
      number: ["+31612345678"],
      cron: ["30 7 1,15 * *"],
      zone: ["America/New_York"],
      sender: ["4711"],
      text: [long],
    },
  ],
};

describe("trigger new", () => {
  let folder: string;

  before(async () => {
    // Inside the project, because the compiler looks upward for what the settings name.
    folder = await mkdtemp(join(import.meta.dirname, "new-"));
    for (const template of TEMPLATES)
      for (const [at, options] of (VARIANTS[template.name] ?? []).entries()) {
        const name = `${template.name.replaceAll("-", "_").toUpperCase()}_${at}`;
        const description = at === 0 ? template.description : `${template.description} ${long}`;
        const base = { name, description, order: at === 0 ? template.order : at };
        const { script, test } = template.write(
          await answered(template, options, base, known, undefined),
        );
        await writeFile(join(folder, `${template.name}-${at}.ts`), script);
        await writeFile(join(folder, `${template.name}-${at}.test.ts`), test);
      }
    const config = {
      extends: resolve("triggers/tsconfig.json"),
      compilerOptions: {
        paths: {
          signalbox: [resolve("src/trigger/sdk.ts")],
          "signalbox/test": [resolve("src/trigger/sdk-test.ts")],
        },
      },
      include: ["*.ts", resolve("src/trigger/script/globals.d.ts")],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    await writeFile(
      join(folder, "data-sources.d.ts"),
      `import type { DataSource } from "signalbox";

declare module "signalbox" {
  interface DataSources {
    readonly customers: DataSource;
  }
}
`,
    );
  });
  after(() => rm(folder, { recursive: true }));

  test("every template is tried with the least and with more", () => {
    assert.deepEqual(Object.keys(VARIANTS).sort(), TEMPLATES.map(({ name }) => name).toSorted());
  });

  test("[A12] what it writes is formatted, however long the names are", async () => {
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"));
    const said = await run("node_modules/.bin/oxfmt", [
      "--check",
      ...files.map((file) => join(folder, file)),
    ]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (cause: { code: number; stdout: string }) => cause,
    );
    assert.equal(said.code, 0, said.stdout);
  });

  test("[A12] it compiles, and so do its tests", async () => {
    const tsc = resolve("node_modules/typescript/bin/tsc");
    const told = await run(process.execPath, [tsc, "--noEmit", "-p", folder]).then(
      ({ stdout }) => stdout,
      (cause: { stdout: string }) => cause.stdout,
    );
    assert.equal(told.slice(0, 4_000), "");
  });

  test("[A12] all of them are loaded by one engine", async () => {
    await using rehearsal = await openRehearsal({ directory: folder });
    assert.deepEqual(rehearsal.faults(), []);
    const scripts = (await readdir(folder)).filter((file) => /^[^.]+\.ts$/.test(file));
    assert.deepEqual(
      [...new Set(rehearsal.list().map(({ file }) => file))].toSorted(),
      scripts.toSorted(),
    );
  });

  test("[A12] [A34] [A44] each passes its own test in the sandbox, with a data source and without", async () => {
    const results = await runTests({ directory: folder });
    const failed = results.flatMap(({ file, name, failure }) =>
      failure === undefined ? [] : [`${file} ${name ?? ""}: ${failure.text}`],
    );
    assert.deepEqual(failed, []);
    assert.ok(results.length >= 2 * TEMPLATES.length);
  });

  test("[A12] the eight triggers of the example are written by it, letter for letter", async () => {
    const eight = [
      ["bind.ts", "BIND", "bind", fromCustomers, undefined],
      ["acknowledge.ts", "ACK", "acknowledge", fromCustomers, undefined],
      ["forward.ts", "FWD", "forward", { ...fromCustomers, to: ["SMPP1"] }, undefined],
      ["apply-report.ts", "APPLYDLR", "apply-report", fromProvider, undefined],
      [
        "forward-report.ts",
        "FWDDLR",
        "forward-report",
        { ...fromProvider, status: ["DELIVERED"] },
        "Tells the customer that his message was delivered.",
      ],
      [
        "forward-report-failed.ts",
        "FWDDLR2",
        "forward-report",
        { ...fromProvider, status: ["NOTDELIVERED", "FAILED", "EXPIRED", "CANCELLED"] },
        "Tells the customer that his message was not delivered, whether it failed there or here.",
      ],
      [
        "forward-no-report.ts",
        "FWDDLR3",
        "forward-report",
        { ...fromProvider, status: ["NOREPORT"] },
        "Tells the customer that nobody knows what became of his message.",
      ],
      [
        "receive-forward.ts",
        "RECVFWD",
        "receive-forward",
        { ...fromProvider, to: ["SMPP_SERVER1"] },
        undefined,
      ],
    ] as const;
    for (const [file, name, wanted, options, description] of eight) {
      const template = TEMPLATES.find((one) => one.name === wanted);
      assert.ok(template !== undefined);
      const base = {
        name,
        description: description ?? template.description,
        order: template.order,
      };
      const given = await answered(template, options, base, known, undefined);
      const { script } = template.write(given);
      assert.equal(script, await readFile(join("triggers", file), "utf8"), file);
    }
  });
});

const CONFIG = `data: ./data
triggers: ./triggers
channels:
  SMPP_SERVER1: { type: smpp-server, port: 2775 }
  SMPP1: { type: smpp-client, host: 127.0.0.1, port: 2785, systemId: a, password: b }
`;

describe("trigger new, as it is typed", { concurrency: 4 }, () => {
  const asFwd = ["--template", "forward", "--from", "SMPP_SERVER1", "--to", "SMPP1"];

  async function siteWith(files: Readonly<Record<string, string>> = {}) {
    const site = await openSite();
    await writeFile(site.config, CONFIG);
    const triggers = join(site.folder, "triggers");
    await mkdir(triggers);
    await writeFile(join(triggers, "tsconfig.json"), "{}\n");
    for (const [file, text] of Object.entries(files)) await writeFile(join(triggers, file), text);
    const make = (...args: readonly string[]) =>
      signalbox(["trigger", "new", ...args, "--config", site.config], { cwd: site.folder });
    return { triggers, make, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() };
  }

  test("a trigger and its test are written, by the name in small letters", async () => {
    await using site = await siteWith();
    const said = await site.make("FWD_ALL", ...asFwd);
    assert.deepEqual(said, {
      out: "Wrote triggers/fwd-all.ts\nWrote triggers/fwd-all.test.ts\n",
      err: "",
      code: 0,
    });
    const script = await readFile(join(site.triggers, "fwd-all.ts"), "utf8");
    assert.match(script, /^export const FWD_ALL = onMessage/m);
  });

  test("description, order and file are as one likes, the test can be left out", async () => {
    await using site = await siteWith();
    const own = ["--description", "Mine.", "--order", "7", "--file", "mine.ts", "--no-test"];
    const { out } = await site.make("FWD", ...asFwd, ...own, "--json");
    const made: unknown = JSON.parse(out);
    assert.deepEqual(made, {
      trigger: "FWD",
      template: "forward",
      file: "mine.ts",
      files: ["triggers/mine.ts"],
      needs: [],
    });
    const script = await readFile(join(site.triggers, "mine.ts"), "utf8");
    assert.match(script, /^\/\*\* Mine\. \*\/$/m);
    assert.match(script, /order: 7 /);
  });

  test("[A57] several channels are given with commas, or one by one", async () => {
    await using site = await siteWith();
    await site.make("A", "--template", "apply-report", "--from", "SMPP1,SMPP_SERVER1");
    await site.make("B", "--template", "apply-report", "--from", "SMPP1", "--from", "SMPP_SERVER1");
    for (const file of ["a.ts", "b.ts"]) {
      const script = await readFile(join(site.triggers, file), "utf8");
      assert.match(script, /channels: \["SMPP1", "SMPP_SERVER1"\]/);
    }
  });

  test("a file that is there is left alone, unless --force says so", async () => {
    await using site = await siteWith({ "fwd.ts": "// mine\n" });
    const refused = await site.make("FWD", ...asFwd);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /fwd\.ts is there already\. Nothing was written\. .*--force/);
    assert.equal(await readFile(join(site.triggers, "fwd.ts"), "utf8"), "// mine\n");
    assert.deepEqual(await readdir(site.triggers), ["fwd.ts", "tsconfig.json"]);
    assert.equal((await site.make("FWD", ...asFwd, "--force")).code, 0);
    assert.match(await readFile(join(site.triggers, "fwd.ts"), "utf8"), /onMessage/);
  });

  test("so is its test, and a name that another file has", async () => {
    await using site = await siteWith({
      "fwd.test.ts": "// mine\n",
      "other.ts": "export const ACK = onMessage({}, () => {});\n",
    });
    assert.match((await site.make("FWD", ...asFwd)).err, /fwd\.test\.ts is there already/);
    const taken = await site.make("ACK", ...asFwd);
    assert.equal(taken.code, 1);
    assert.match(taken.err, /ACK is a trigger of other\.ts already/);
    assert.deepEqual(await readdir(site.triggers), ["fwd.test.ts", "other.ts", "tsconfig.json"]);
  });

  const wrong: readonly (readonly [sentence: string, args: readonly string[], told: RegExp])[] = [
    [
      "what is missing is told together, with an example, where nobody can be asked",
      ["FWD", "--template", "forward"],
      /--from is missing: .*--to is missing: .*For example: signalbox trigger new FWD --template forward --from SMPP_SERVER1 --to SMPP1\./,
    ],
    [
      "a template that is none is told with all of them",
      ["X", "--template", "x"],
      /are empty, bind/,
    ],
    ["a name that is none is refused", ["../x", ...asFwd], /\.\.\/x is no name for a trigger/],
    ["so is a file elsewhere", ["X", ...asFwd, "--file", "../x.ts"], /--file \.\.\/x\.ts: /],
  ];
  for (const [sentence, args, told] of wrong)
    test(sentence, async () => {
      await using site = await siteWith();
      const said = await site.make(...args);
      assert.match(said.err, told);
      assert.equal(said.code, 2);
      assert.deepEqual(await readdir(site.triggers), ["tsconfig.json"]);
    });

  test("what has to be set elsewhere is told", async () => {
    await using site = await siteWith();
    const own = ["--url", "https://api.example.com/x", "--from", "SMPP_SERVER1", "--to", "SMPP1"];
    const { out } = await site.make("ASK", "--template", "web-query", ...own);
    assert.match(out, /^Let http\.hosts of signalbox\.yaml name api\.example\.com\.$/m);
  });

  test("a new folder is one that an editor understands", async () => {
    await using site = await siteWith();
    await rm(site.triggers, { recursive: true });
    const { out } = await site.make("FWD", ...asFwd);
    assert.match(out, /^Wrote triggers\/tsconfig\.json$/m);
    const tsc = resolve("node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "-p", site.triggers]);
    assert.deepEqual(await readdir(site.triggers), ["fwd.test.ts", "fwd.ts", "tsconfig.json"]);
  });

  test("trigger templates lists them all", async () => {
    const { out } = await signalbox(["trigger", "templates"]);
    for (const { name, summary } of TEMPLATES)
      assert.match(out, new RegExp(`^${name} +${summary}`, "m"));
  });
});

describe("each value is checked", () => {
  const bad: readonly (readonly [template: string, option: string, value: string, told: RegExp])[] =
    [
      ["database-query", "table", "a; drop table b", /letters, digits and _/],
      ["database-query", "number-column", "x'", /letters, digits and _/],
      ["bind", "users", "nobody", /one of accounts, anyone, table/],
      ["route-by-range", "route", "31-SMPP1", /prefix=channel/],
      ["route-by-range", "route", "+31=SMPP9", /no such channel/],
      ["keyword-reply", "reply", "INFO=", /nothing stands behind its =/],
      ["keyword-reply", "reply", "two words=x", /WORD=text/],
      ["flood-guard", "limit", "0", /from 1 to/],
      ["quiet-hours", "start", "24:00", /a time like 22:00/],
      ["quiet-hours", "zone", "Mars/Base", /a time zone like/],
      ["schedule", "cron", "* * * *", /five fields/],
      ["schedule", "number", "+31 6", /a number such as/],
      ["schedule", "text", " ", /must not be empty/],
      ["stop-list", "stop", "two words", /one word/],
      ["web-query", "url", "http://api.example.com", /begins with https/],
      ["web-query", "url", "https://`", /begins with https/],
      ["forward", "from", "SMPP9", /no such channel; there are SMPP_SERVER1, SMPP1, /],
      [
        "forward",
        "cron",
        "* * * * *",
        /no option of the template forward, which has --from, --to$/,
      ],
      ["bind", "table", "users", /--table does not go with the other options/],
      ["database-query", "data-source", "shop", /no such data source; there are customers/],
    ];
  for (const [name, option, value, told] of bad)
    test(`${name} --${option} ${value}`, async () => {
      const template = TEMPLATES.find((one) => one.name === name);
      assert.ok(template !== undefined);
      const options = { ...VARIANTS[name]?.[0], [option]: [value] };
      const base = { name: "X", description: "X", order: undefined };
      await assert.rejects(
        answered(template, options, base, known, undefined),
        (cause: unknown) => cause instanceof WrongArguments && told.test(cause.message),
      );
    });

  test("quiet hours that begin when they end are none", async () => {
    const template = TEMPLATES.find((one) => one.name === "quiet-hours");
    assert.ok(template !== undefined);
    const options = { ...fromCustomers, start: ["08:00"] };
    const base = { name: "X", description: "X", order: undefined };
    await assert.rejects(answered(template, options, base, known, undefined), /the same time/);
  });
});

test("a person at a terminal is asked for what was not given, and chooses from what there is", async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  // A terminal does not end with the first question, as a stream would.
  const output: PassThrough = Object.assign(new PassThrough(), { end: () => output });
  let seen = "";
  const typed: (readonly [after: RegExp, keys: string])[] = [
    [/On which channels do messages come from a provider\?/, "\r"],
    [/On which channel does the answer go out\?[^]*SMPP2/, "\u001b[B\r"],
    [/Which word is answered how[^]*\?/, "INFO\r"],
    [/nothing stands behind|WORD=text/, "=Open from 9 to 17\r"],
  ];
  output.on("data", (chunk: Buffer) => {
    seen += chunk.toString("utf8");
    const [next] = typed;
    if (next === undefined || !next[0].test(seen)) return;
    typed.shift();
    seen = "";
    setImmediate(() => input.write(next[1]));
  });
  const template = TEMPLATES.find((one) => one.name === "keyword-reply");
  assert.ok(template !== undefined);
  const question = await openQuestions({ input, output });
  const base = { name: "X", description: "X", order: undefined };
  const given = await answered(template, {}, base, known, question);
  assert.deepEqual(given.list("from"), ["SMPP1"]);
  assert.equal(given.one("to"), "SMPP2");
  assert.deepEqual(given.pairs("reply"), [["INFO", "Open from 9 to 17"]]);
});
