/** What is in an isolate before the script, and what the script can make of it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bundle } from "../../src/trigger/bundle.ts";
import { runTests } from "../../src/trigger/test-runner.ts";
import { messageRequest, openScripts } from "../support/run-trigger.ts";

/** What a file of ours exports besides types: it is for isolates, so it is read and not loaded. */
function exportsOf(file: string): string {
  const text = readFileSync(new URL(`../../src/trigger/${file}`, import.meta.url), "utf8");
  const found = text.matchAll(/^export (?:async )?(?:function|const|class|let) (\w+)/gm);
  return [...new Set(Array.from(found, ([, name]) => name))].toSorted().join();
}

const sdk = exportsOf("sdk.ts");
const sdkTest = exportsOf("sdk-test.ts");

test("a script is given all that the SDK has, and no name of ours besides", async () => {
  const text = `import * as all from "signalbox";
export const A = all.onMessage({}, (message) => {
  throw new Error([Object.keys(all).sort().join(), typeof signalbox].join(" "));
});`;
  await using running = await openScripts({ "a.ts": text });
  const ruling = await running.engine.decide(messageRequest());
  assert.match(sdk, /^onAccount,.*,sms$/);
  const told = ruling.verdict === "undecided" ? ruling.text : ruling.verdict;
  assert.match(told, new RegExp(`${sdk} undefined$`));
});

test("a test file is given all that the SDK for tests has, and that of scripts", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-prelude-"));
  t.after(() => rm(directory, { recursive: true }));
  const text = `import * as scripts from "signalbox";
import * as all from "signalbox/test";
all.test("it", ({ assert }) => {
  assert.equal(Object.keys(all).sort().join(), "${sdkTest}");
  assert.equal(Object.keys(scripts).sort().join(), "${sdk}");
});`;
  await writeFile(join(directory, "a.test.ts"), text);
  const results = await runTests({ directory });
  assert.deepEqual(
    results.map(({ name, failure }) => [name, failure]),
    [["it", undefined]],
  );
});

for (const [what, tampering] of Object.entries({
  "is taken away": "delete globalThis.signalbox;",
  "is another one": 'Object.defineProperty(globalThis, "signalbox", { value: {} });',
  "tells no text": "globalThis.signalbox.describe = () => 7;",
  "tells no list": 'globalThis.signalbox.describe = () => "7";',
}))
  test(`a script whose part of ours ${what} is not in, and the others run`, async () => {
    const good = `import { onMessage } from "signalbox";
export const GOOD = onMessage({}, (message) => message.accept({}));`;
    await using running = await openScripts({ "bad.ts": tampering, "good.ts": good });
    const views = running.engine.list();
    assert.equal(views.find(({ file }) => file === "bad.ts")?.state, "broken");
    assert.equal((await running.engine.decide(messageRequest())).verdict, "accept");
  });

test("what a script puts in the place of pump is not what runs it", async () => {
  const text = `import { onMessage } from "signalbox";
globalThis.signalbox.pump = () => { throw new Error("mine"); };
globalThis.signalbox.collect = () => "mine";
export const A = onMessage({}, (message) => message.accept({}));`;
  await using running = await openScripts({ "a.ts": text });
  assert.equal((await running.engine.decide(messageRequest())).verdict, "accept");
});

test("a bundle holds the script and not our SDK, and the tables of sms only where it is used", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-prelude-"));
  t.after(() => rm(directory, { recursive: true }));
  const trigger = (tools: string) =>
    `import { ${tools} } from "signalbox";\nexport const A = onMessage({}, (m) => m.accept({ charge: ${tools === "onMessage" ? 1 : "sms.measure(m.text).parts"} }));\n`;
  await writeFile(join(directory, "plain.ts"), trigger("onMessage"));
  await writeFile(join(directory, "sms.ts"), trigger("onMessage, sms"));
  const [plain, measuring] = await bundle(directory, ["plain.ts", "sms.ts"]);
  const characters = (built: typeof plain) => (built?.ok === true ? built.code.length : 0);
  assert.ok(characters(plain) > 0 && characters(plain) < 2_000, `${characters(plain)}`);
  assert.ok(characters(measuring) > 10_000, `${characters(measuring)}`);
});
