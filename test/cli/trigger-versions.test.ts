/** What operators settle about triggers, each command against a stand-in for the gateway. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answers, Asked, Said } from "./cli.ts";
import { openSite, signalbox } from "./cli.ts";
import { trigger } from "./views.ts";

async function run(
  line: string,
  answers: Answers,
): Promise<Said & { readonly asked: readonly Asked[] }> {
  await using site = await openSite(answers);
  const said = await signalbox([...line.split(" "), "--config", site.config]);
  return { ...said, asked: site.asked };
}

const rolled = {
  ...trigger,
  state: "rolledBack",
  detail: "version 2 runs, rolled back by ann from 3",
} as const;

const version = {
  file: "acknowledge.ts",
  version: 2,
  hash: "0123456789ab",
  atMs: Date.UTC(2026, 0, 2),
  by: "unknown",
  runs: "all",
} as const;

describe("triggers", { concurrency: 4 }, () => {
  test("the list has states, times and processor, and why each is in its state", async () => {
    const said = await run("trigger list", () => ({ body: [trigger, rolled] }));
    assert.deepEqual([said.code, said.err], [0, ""]);
    assert.match(
      said.out,
      /^event +order +trigger +version +state .* mean ms +p99 ms +CPU ms +file/,
    );
    assert.match(said.out, /ACK +2 +rolled back .* 0\.20 +0\.50 .* rolled back by ann from 3/);
  });

  test("versions are listed, and the text of one is printed with all that it imports", async () => {
    const list = await run("trigger versions ACK", () => ({ body: [version] }));
    assert.equal(list.asked[0]?.path, "/v1/triggers/ACK/versions");
    assert.match(list.out, /^2 +all +\d+ \w+ +unknown +0123456789ab +acknowledge\.ts$/m);
    const texts = [
      { path: "acknowledge.ts", text: "const a = 1;\n" },
      { path: "lib/b.ts", text: "const b = 2;\n" },
    ];
    const shown = await run("trigger show ACK --version 2", () => ({
      body: { ...version, texts },
    }));
    assert.equal(shown.asked[0]?.path, "/v1/triggers/ACK/source?version=2");
    assert.match(
      shown.out,
      /^\/\/ acknowledge\.ts, version 2, by unknown, runs for all\n\nconst a = 1;\n\n\/\/ lib\/b\.ts\nconst b = 2;\n/,
    );
    const json = await run("trigger show ACK --json", () => ({ body: { ...version, texts } }));
    assert.deepEqual(JSON.parse(json.out), { ...version, texts });
  });

  const calls: readonly [line: string, method: string, path: string, body: unknown][] = [
    ["rollback ACK --to 3", "POST", "rollback", { to: 3 }],
    ["rollback ACK --undo", "POST", "rollback", { undo: true }],
    ["disable ACK", "POST", "disable", undefined],
    ["canary ACK --share 5%", "POST", "canary", { share: 5 }],
    [
      "canary ACK --account T1 T2 --version 3",
      "POST",
      "canary",
      { accounts: ["T1", "T2"], version: 3 },
    ],
    ["canary ACK --off", "DELETE", "canary", undefined],
  ];
  for (const [line, method, path, body] of calls)
    test(`trigger ${line} is one request, and what runs then is printed`, async () => {
      const said = await run(`trigger ${line}`, () => ({ body: [rolled] }));
      assert.deepEqual([said.code, said.err], [0, ""]);
      const [asked, ...more] = said.asked;
      assert.deepEqual(more, []);
      assert.deepEqual([asked?.method, asked?.path], [method, `/v1/triggers/ACK/${path}`]);
      if (body !== undefined) assert.deepEqual(asked?.body, body);
      assert.match(said.out, /rolled back by ann from 3/);
    });

  const wrong = [
    "rollback ACK --to 1 --undo",
    "canary ACK",
    "canary ACK --share 5 --account T1",
    "canary ACK --off --version 2",
  ];
  for (const line of wrong)
    test(`trigger ${line} is refused before anybody is asked`, async () => {
      const said = await run(`trigger ${line}`, () => ({ body: [] }));
      assert.deepEqual([said.code, said.asked], [2, []]);
      assert.match(said.err, /^signalbox: .* See /);
    });
});
