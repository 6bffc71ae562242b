// `signalbox number` and `signalbox optout` against the real routes and a real database.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { numberRoutes } from "../../src/admin/numbers.ts";
import { optOutRoutes } from "../../src/admin/opt-outs.ts";
import type { AdminParts } from "../../src/admin/routes.ts";
import { openInbound } from "../../src/gateway/inbound.ts";
import { openOptOuts } from "../../src/gateway/opt-outs.ts";
import { createHttpServer, listenOnSocket } from "../../src/http/server.ts";
import { adminSocketPath } from "../../src/model/admin-socket.ts";
import { systemClock } from "../../src/model/clock.ts";
import { openTestStore, type TestStore } from "../store/fixtures.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { recorderLog } from "../support/log.ts";
import { signalbox } from "./cli.ts";

let database: TestDatabase;
let store: TestStore;
let folder: string;
const log = recorderLog();
const server = createHttpServer(log);

before(async () => {
  database = await freshDatabase();
  store = await openTestStore(database.url);
  await store.accounts.add({ id: "Shop", password: "x", credits: 0, numbers: ["+31699887766"] });
  folder = await mkdtemp(join(tmpdir(), "signalbox-inbound-"));
  await writeFile(join(folder, "signalbox.yaml"), "channels: {}\n");
  await mkdir(join(folder, "data"));
  const parts = { store, clock: systemClock, log };
  const inbound = await openInbound(parts);
  const optOuts = await openOptOuts({ ...parts, entriesMax: 3 });
  // Of all that the routes are made of, these take three.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const given = { store, inbound, optOuts } as unknown as AdminParts;
  numberRoutes(server, given);
  optOutRoutes(server, given);
  await listenOnSocket(server, adminSocketPath(join(folder, "data")));
});

after(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const say = (...args: string[]) => signalbox(args, { cwd: folder });

test("an operator gives numbers to accounts, one by one or by a file, and sees whose they are", async () => {
  const one = await say("number", "add", "+3161*", "Shop");
  assert.deepEqual([one.code, one.out, one.err], [0, "+3161* is Shop's.\n", ""]);
  assert.equal(
    (await say("number", "add", "1234", "Shop", "--keyword", "win")).out,
    "WIN to 1234 is Shop's.\n",
  );
  const taken = await say("number", "add", "+3161*", "Shop");
  assert.equal(taken.code, 1);
  assert.match(taken.err, /prefix \+3161\* for Shop is Shop's already/);
  await writeFile(join(folder, "bad.csv"), "number,account\n+3162*,Shop\n+3163*,Nobody\n");
  const bad = await say("number", "import", join(folder, "bad.csv"));
  assert.equal(bad.code, 1);
  assert.match(bad.err, /Nothing is imported: line 3: there is no account Nobody/);
  await writeFile(join(folder, "good.csv"), "number,account\n+3162*,Shop\n+3161*,Shop\n");
  const good = await say("number", "import", join(folder, "good.csv"));
  assert.equal(good.out, "1 row added, 1 stood there already, 0 taken away before.\n");
  const list = await say("number", "list", "--account", "Shop");
  assert.match(list.out, /\+3161\* +Shop +\S+ +20\d\d-/);
  assert.match(list.out, /1234 +WIN +Shop/);
  const page = JSON.parse((await say("number", "list", "--limit", "2", "--json")).out);
  assert.deepEqual([page.numbers.length, page.next], [2, "+3162* "]);
  const rest = JSON.parse((await say("number", "list", "--after", page.next, "--json")).out);
  assert.deepEqual([rest.numbers.length, rest.numbers[0].pattern], [1, "1234"]);
  assert.equal((await say("number", "check", "1234")).out, "1234 is nobody's.\n");
  assert.equal(
    (await say("number", "check", "1234", "--text", "Win now")).out,
    "1234 is Shop's: exact 1234 WIN.\n",
  );
  assert.equal(
    (await say("number", "check", "+31699887766")).out,
    "+31699887766 is Shop's: a number of the account itself.\n",
  );
  assert.equal((await say("number", "remove", "1234")).code, 1);
  assert.equal(
    (await say("number", "remove", "1234", "--keyword", "WIN")).out,
    "WIN to 1234 is gone.\n",
  );
  const told = log.lines.filter(({ text }) => String(text).startsWith("number"));
  assert.deepEqual(
    told.map(({ text }) => text),
    ["number added", "number added", "numbers imported", "number removed"],
  );
  assert.doesNotMatch(JSON.stringify(told), /\+3161|1234/);
});

test("an operator puts numbers on the opt-out lists, sees where one stands, and takes it off", async () => {
  const phone = "+31612345678";
  assert.equal((await say("optout", "check", phone)).out, `${phone} is on no list.\n`);
  assert.equal(
    (await say("optout", "add", phone)).out,
    `${phone} is on the list for everybody's messages.\n`,
  );
  assert.equal(
    (await say("optout", "add", phone)).out,
    `${phone} was on the list for everybody's messages.\n`,
  );
  assert.equal(
    (await say("optout", "add", phone, "--account", "Shop")).out,
    `${phone} is on the list of Shop.\n`,
  );
  assert.match(
    (await say("optout", "check", "31612345678")).out,
    /31612345678 +everybody .*\n31612345678 +Shop /,
  );
  assert.match((await say("optout", "list", "--everybody")).out, /everybody/);
  assert.doesNotMatch((await say("optout", "list", "--account", "Shop")).out, /everybody/);
  const page = JSON.parse((await say("optout", "list", "--limit", "1", "--json")).out);
  assert.equal(page.next, "31612345678 ");
  await writeFile(join(folder, "many.csv"), "number\n+31612345679\n+31612345680\n");
  const full = await say("optout", "import", join(folder, "many.csv"));
  assert.equal(full.code, 1);
  assert.match(full.err, /room for 3 numbers/);
  await writeFile(join(folder, "one.csv"), "number\n+31612345679\n");
  assert.equal(
    (await say("optout", "import", join(folder, "one.csv"))).out,
    "1 number added, 0 stood there already.\n",
  );
  assert.equal((await say("optout", "add", "+31612345681")).code, 1);
  assert.equal(
    (await say("optout", "remove", phone)).out,
    `${phone} is off the list for everybody's messages.\n`,
  );
  assert.equal(
    (await say("optout", "remove", phone)).out,
    `${phone} was not on the list for everybody's messages.\n`,
  );
});
