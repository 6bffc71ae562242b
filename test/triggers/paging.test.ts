/** The example of the guide, word for word, in the real sandbox. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { EngineRequest } from "../../src/trigger/request.ts";
import { channelRequest, runTrigger, sessionRequest } from "../support/run-trigger.ts";

let folder: string;
let file: string;
before(async () => {
  const guide = await readFile("docs/triggers.md", "utf8");
  const [, section = ""] = guide.split("### Being paged");
  const [, code = ""] = /```ts\n([^]*?)```/.exec(section) ?? [];
  folder = await mkdtemp(join(tmpdir(), "signalbox-guide-"));
  file = join(folder, "paging.ts");
  await writeFile(file, code);
});
after(() => rm(folder, { recursive: true }));

async function texts(request: EngineRequest): Promise<string[]> {
  const ruling = await runTrigger(file, request);
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  return ruling.sends.map(({ action }) => action.text);
}

const forMs = 300_000;

test("a provider that has been down for five minutes is told of, with since when and why", async () => {
  const down = channelRequest({ forMs });
  assert.deepEqual(await texts(down), [
    "SMPP1 is down since 2023-11-14T22:13:20.000Z: session ended: peer_closed",
  ]);
});

test("that all is well at a start is not told, that it is well again is", async () => {
  const up = { what: "up", forMs, reason: "bound" } as const;
  assert.deepEqual(await texts(channelRequest({ ...up, first: true })), []);
  assert.equal((await texts(channelRequest(up))).length, 1);
});

test("an outage of a second and what an operator does are not told", async () => {
  assert.deepEqual((await runTrigger(file, channelRequest())).ran, []);
  assert.deepEqual((await runTrigger(file, channelRequest({ what: "paused", forMs }))).ran, []);
});

test("of a customer's sessions the last one that was lost is told of", async () => {
  const lost = { reason: "connection_error" };
  assert.deepEqual(await texts(sessionRequest(lost)), [
    "Test1 (127.0.0.1:40000) is gone: connection_error",
  ]);
  assert.deepEqual(await texts(sessionRequest({ ...lost, others: 1 })), []);
  assert.deepEqual(await texts(sessionRequest()), []);
});
