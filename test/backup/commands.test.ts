/**
 * Backups as files: made of what a gateway sends, or is cut off in sending. The octets are those of
 * the store's own writer; the gateway is a stand-in, so that it can end at any place.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { createBackupWriter } from "../../src/store/backup-format.ts";
import type { Answers, Said, Site } from "../cli/cli.ts";
import { openSite, signalbox } from "../cli/cli.ts";

const atMs = Date.UTC(2026, 10, 21, 2, 45, 31, 123);
let whole: Buffer;

before(async () => {
  whole = await backupWith(["0001-start"]);
});

async function backupWith(schema: readonly string[]): Promise<Buffer> {
  const writer = createBackupWriter();
  const table = (name: string) => ({ name, columns: ["id"], rowsEstimated: 10 });
  const header = {
    signalbox: "0.1.0",
    server: "18.4",
    atMs,
    schema,
    days: ["2026-11-21"],
    tables: [table("account"), table("message")],
  };
  return Buffer.concat([
    writer.head(header),
    await writer.block(0, Buffer.from("1\n2\n")),
    await writer.block(1, Buffer.from("3\n")),
    writer.end(),
  ]);
}

const rows = { account: 2, message: 1 };

/** Runs a command in the folder of a site that answers so. */
function run(site: Site, line: string): Promise<Said> {
  const config = ["--config", site.config];
  return signalbox([...line.split(" "), ...config], { cwd: site.folder });
}

/** What is left in the folder besides what was there before. */
function left(site: Site): readonly string[] {
  return readdirSync(site.folder).filter((name) => !["data", "signalbox.yaml"].includes(name));
}

describe("db backup", { concurrency: 4 }, () => {
  test("writes what the gateway sends, for this user only, and verify finds it whole", async () => {
    await using site = await openSite(() => ({ body: whole }));
    const said = await run(site, "db backup night.backup");
    assert.deepEqual([said.err, said.code], ["", 0]);
    assert.equal(
      said.out,
      "night.backup holds everything of 2026-11-21 02:45:31.123: 3 rows, 0.4 KiB.\n",
    );
    assert.deepEqual(left(site), ["night.backup"]);
    const path = join(site.folder, "night.backup");
    assert.deepEqual(readFileSync(path), whole);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      site.asked.map((one) => `${one.method} ${one.path}`),
      ["POST /v1/backups"],
    );

    const checked = await run(site, "db verify night.backup");
    assert.match(checked.out, /^night\.backup is whole and holds everything of .*: 3 rows, /);
    const data = await run(site, "db verify night.backup --json");
    assert.deepEqual(JSON.parse(data.out), {
      file: "night.backup",
      atMs,
      signalbox: "0.1.0",
      octets: whole.length,
      rows: 3,
      tables: rows,
    });
  });

  test("a file that is there is replaced with --force only, and by a whole one only", async () => {
    let cut = true;
    await using site = await openSite(() => ({ body: whole.subarray(0, cut ? 100 : undefined) }));
    const path = join(site.folder, "night.backup");
    writeFileSync(path, "yesterday's");
    const refused = await run(site, "db backup night.backup");
    assert.deepEqual([refused.out, refused.code, site.asked.length], ["", 1, 0]);
    assert.equal(
      refused.err,
      "signalbox: night.backup is there already. Name another file, or say --force.\n",
    );
    const broken = await run(site, "db backup night.backup --force");
    assert.equal(broken.code, 1);
    assert.equal(readFileSync(path, "utf8"), "yesterday's");
    cut = false;
    const done = await run(site, "db backup night.backup --force");
    assert.deepEqual([done.err, done.code], ["", 0]);
    assert.deepEqual(readFileSync(path), whole);
    assert.deepEqual(left(site), ["night.backup"]);
  });

  const failures: readonly {
    readonly what: string;
    readonly answers: Answers;
    readonly told: RegExp;
    readonly code: number;
  }[] = [
    {
      what: "is cut with its connection",
      answers: () => ({ body: whole.subarray(0, -10), cut: true }),
      told: /the gateway of .* has just ended\. /,
      code: 3,
    },
    {
      what: "ends too early in good order",
      answers: () => ({ body: whole.subarray(0, -10) }),
      told: /The backup is broken before octet \d+: it ends in the middle; /,
      code: 1,
    },
    {
      what: "has a changed octet",
      answers: () => ({
        body: Buffer.from(whole.map((octet, at) => (at === 60 ? octet ^ 1 : octet))),
      }),
      told: /The backup is broken before octet \d+: /,
      code: 1,
    },
    {
      what: "is none",
      answers: () => ({ body: "<html>It works!</html>" }),
      told: /This is not a backup of Signalbox\. /,
      code: 1,
    },
    {
      what: "is refused",
      answers: () => ({ status: 409, body: { code: "backup_running", message: "one is made" } }),
      told: /^signalbox: one is made\. One backup is made at a time; /,
      code: 1,
    },
    {
      what: "is not known by the gateway",
      answers: () => ({
        status: 404,
        body: { code: "bad_request", message: "there is no POST /v1/backups" },
      }),
      told: /the gateway is of another version: /,
      code: 1,
    },
  ];
  for (const { what, answers, told, code } of failures)
    test(`a backup that ${what} leaves no file, under no name`, async () => {
      await using site = await openSite(answers);
      const said = await run(site, "db backup night.backup");
      assert.match(said.err, told);
      assert.deepEqual([said.out, said.code, left(site)], ["", code, []]);
    });

  test("a file that cannot be written is told in one line", async () => {
    await using site = await openSite(() => ({ body: whole }));
    const said = await run(site, "db backup no/such/night.backup");
    assert.deepEqual([said.out, said.code, left(site)], ["", 1, []]);
    assert.match(said.err, /^signalbox: no\/such\/night\.backup\.part: ENOENT[^\n]*\n$/);
  });

  test("Ctrl-C in the middle removes what was written", async () => {
    const asked = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<Buffer>();
    const ending = new AbortController();
    await using site = await openSite(() => {
      asked.resolve();
      return { body: whole.subarray(0, 50), rest: rest.promise };
    });
    const said = signalbox(["db", "backup", "night.backup", "--config", site.config], {
      cwd: site.folder,
      signal: ending.signal,
    });
    await asked.promise;
    ending.abort();
    rest.resolve(whole.subarray(50));
    const { code, err } = await said;
    assert.match(err, /^signalbox: it was interrupted\. Nothing was changed\.\n$/);
    assert.deepEqual([code, left(site)], [1, []]);
  });
});

describe("db restore and db verify", { concurrency: 4 }, () => {
  test("a backup of a version that is not known here is refused before any database is touched", async () => {
    await using site = await openSite();
    const path = join(site.folder, "night.backup");
    const later = Buffer.from(whole);
    later.write("2", later.indexOf("\n") - 1);
    for (const [octets, told] of [
      [await backupWith(["0001-start", "9999-later"]), /does not know \(9999-later\)/],
      [later, /laid out in the way 2, this version reads 1/],
    ] as const) {
      writeFileSync(path, octets);
      const said = await run(site, "db restore night.backup");
      assert.deepEqual([said.out, said.code], ["", 1]);
      assert.match(said.err, told);
      assert.match(said.err, /of another version of Signalbox; restore it with that version or a /);
      assert.deepEqual(readdirSync(join(site.folder, "data")), []);
    }
  });

  test("--replace needs --yes without a terminal", async () => {
    await using site = await openSite();
    const said = await run(site, "db restore night.backup --replace");
    assert.deepEqual([said.out, said.code], ["", 2]);
    assert.match(said.err, /Everything in the database will be replaced by .* needs --yes\. /);
  });

  test("a file that is missing, cut or no backup is refused, and no database is touched", async () => {
    await using site = await openSite();
    writeFileSync(join(site.folder, "cut.backup"), whole.subarray(0, -1));
    writeFileSync(join(site.folder, "none.backup"), "Dear diary\n");
    for (const [file, told] of [
      ["missing.backup", /^signalbox: missing\.backup: ENOENT/],
      ["cut.backup", /The backup is broken before octet \d+: it ends in the middle/],
      ["none.backup", /This is not a backup of Signalbox\./],
    ] as const)
      for (const verb of ["verify", "restore"]) {
        const said = await run(site, `db ${verb} ${file}`);
        assert.deepEqual([said.out, said.code], ["", 1]);
        assert.match(said.err, told);
        assert.deepEqual(readdirSync(join(site.folder, "data")), []);
      }
  });
});
