// `signalbox dialog` against the real routes and a real database.
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

const usedMs = Date.now() - 120_000;
const endsMs = 4_102_444_800_000;
const smith = {
  letter: "a",
  sender: "smith@company.dom",
  channel: "SMPP_SERVER1",
  account: "Test1",
  usedMs,
  endsMs,
};

before(async () => {
  database = await freshDatabase();
  store = await openTestStore(database.url);
  folder = await mkdtemp(join(tmpdir(), "signalbox-dialog-"));
  await writeFile(join(folder, "signalbox.yaml"), "channels: {}\n");
  await mkdir(join(folder, "data"));
  // Of all that the routes are made of, these take two.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  kvRoutes(server, { store, log } as unknown as AdminParts);
  await listenOnSocket(server, adminSocketPath(join(folder, "data")));
});

after(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const say = (...args: string[]) => signalbox(args, { cwd: folder });

test("[C45] the letters of a phone are listed until they end, with or without the plus of its number", async () => {
  const ended = { ...smith, letter: "c", endsMs: usedMs };
  for (const [key, value] of Object.entries({
    "31612345678": [{ ...smith, letter: "b", sender: "susan" }, ended, smith],
    "4915112345678": [smith],
    other: "what somebody else keeps there",
  }))
    await store.kv.change({ namespace: "shared:dialogs", key }, () => ({
      answer: undefined,
      next: { value: JSON.stringify(value), expiresMs: undefined },
    }));
  const { out, err, code } = await say("dialog", "list", "+31612");
  assert.equal(code, 0, err);
  const [head, ...rows] = out.trimEnd().split("\n");
  assert.match(head ?? "", /^phone +letter +sender +account +channel +used +until/);
  assert.deepEqual(
    rows.map((row) => row.split(/ +/).slice(0, 5).join(" ")),
    [
      "31612345678 a smith@company.dom Test1 SMPP_SERVER1",
      "31612345678 b susan Test1 SMPP_SERVER1",
    ],
  );
  assert.match(rows[0] ?? "", /2 min.* 2100-01-01/);
  const page = await say("dialog", "list", "--limit", "1", "--json");
  const told = JSON.parse(page.out) as { dialogs: { letter: string }[]; next: string };
  assert.deepEqual(
    [told.dialogs.map(({ letter }) => letter), told.next],
    [["a", "b"], "31612345678"],
  );
  const none = await say("dialog", "list", "--after", "+4915112345678");
  assert.equal(none.out, "No phone has a letter for anybody.\n");
});
