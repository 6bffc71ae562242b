// `signalbox kv` against the real routes and a real database.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kvRoutes } from "../../src/admin/kv.ts";
import type { AdminParts } from "../../src/admin/routes.ts";
import { createHttpServer, listenOnSocket } from "../../src/http/server.ts";
import { adminSocketPath } from "../../src/model/admin-socket.ts";
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
  folder = await mkdtemp(join(tmpdir(), "signalbox-kv-"));
  await writeFile(join(folder, "signalbox.yaml"), "channels: {}\n");
  await mkdir(join(folder, "data"));
  // Of all that the routes are made of, these take two.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  kvRoutes(server, { store, log } as unknown as AdminParts);
  await listenOnSocket(server, adminSocketPath(join(folder, "data")));
  for (const [key, value] of Object.entries({ "a/b c": { n: 1 }, a2: "x".repeat(200), "é?": 3 }))
    await store.kv.change({ namespace: "shared:dialogs", key }, () => ({
      answer: undefined,
      next: {
        value: JSON.stringify(value),
        expiresMs: key === "a2" ? 4_102_444_800_000 : undefined,
      },
    }));
});

after(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const say = (...args: string[]) => signalbox(args, { cwd: folder });

test("an operator sees what triggers keep, by namespace, prefix and page", async () => {
  const names = await say("kv", "namespaces");
  assert.deepEqual([names.code, names.err], [0, ""]);
  assert.match(names.out, /shared:dialogs +3/);
  const all = await say("kv", "list", "shared:dialogs");
  assert.match(all.out, /a\/b c +\{"n":1\}\n/);
  assert.match(all.out, /a2 +"x{60,}… +2100-01-01/);
  assert.equal((await say("kv", "list", "other")).out, "Nothing is kept there.\n");
  const page = await say("kv", "list", "shared:dialogs", "--prefix", "a", "--limit", "1", "--json");
  assert.deepEqual(JSON.parse(page.out), {
    entries: [{ key: "a/b c", value: { n: 1 } }],
    next: "a/b c",
  });
  const rest = await say("kv", "list", "shared:dialogs", "--after", "a2", "--json");
  assert.deepEqual(JSON.parse(rest.out), { entries: [{ key: "é?", value: 3 }] });
  assert.equal((await say("kv", "list", "shared:dialogs", "--limit", "1001")).code, 2);
});

test("one entry is shown whole, taken away once, and who did it is logged without the key", async () => {
  assert.equal((await say("kv", "get", "shared:dialogs", "a/b c")).out, '{\n  "n": 1\n}\n');
  const gone = await say("kv", "delete", "shared:dialogs", "a/b c");
  assert.deepEqual([gone.code, gone.out], [0, 'a/b c is gone; it was {"n":1}.\n']);
  for (const verb of ["get", "delete"]) {
    const none = await say("kv", verb, "shared:dialogs", "a/b c");
    assert.equal(none.code, 1);
    assert.match(none.err, /Nothing is kept in shared:dialogs under a\/b c\./);
  }
  const lines = log.lines.filter(({ text }) => text === "kv entry deleted");
  assert.equal(lines.length, 1);
  assert.doesNotMatch(JSON.stringify(lines), /a\/b c/);
});
