/** What is wrong in a trigger does not compile, with the very settings that an author's editor uses. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { script } from "../support/run-trigger.ts";

const right = [
  `export const A = onMessage({ channels: ["X"], order: 10, onFault: "skip" }, (m) => { m.accept({ charge: m.parts }); });`,
  `export const A = onMessage({}, async (m, { accounts, log, now }) => {
     const owner = await accounts.byNumber(m.to);
     if (owner === undefined) m.reject("no_route", "nobody has it");
     else m.forward({ channel: "X", account: owner.id });
     log(String(now()));
     console.log(m.decided[0]?.actions, m.text?.length);
   });`,
  `export const A = onBind({}, async (b, { accounts }) => {
     const found = await accounts.verify(b);
     if (found.ok) b.accept({ account: found.account });
     else b.reject(found.reason);
   });`,
  `export const A = onMessage({ channels: ["SMPP1"] }, (m) => m.fail("nobody has it"));`,
  `export const A = onReport({ channels: ["SMPP1"], order: 1 }, (r, { log }) => {
     if (r.message === undefined) r.reject("try_later", "not known yet");
     else if (r.status === "SENT") r.trace(r.state + r.error + r.text + r.message.root);
     else r.apply();
     log(String((r.doneMs ?? 0) - (r.submittedMs ?? 0)));
   });`,
  `export const A = onStatus({ status: ["DELIVERED", "NOREPORT"] }, async (m, { accounts }) => {
     if (m.root?.reportAsked === true) m.root.report({ state: "DELIVRD", error: "000" });
     const owner = await accounts.byNumber(m.to);
     m.trace(owner?.id ?? m.report?.state ?? m.error ?? m.status);
   });`,
];

const wrong = [
  `export const A = onMessage({}, (m) => m.accept({ charge: "1" }));`,
  `export const A = onMessage({}, (m) => m.accept({ chrge: 1 }));`,
  `export const A = onMessage({}, (m) => m.accept({ account: "x" }));`,
  `export const A = onMessage({}, (m) => m.reject("no_such_code"));`,
  `export const A = onMessage({}, (m) => m.forward({ to: "+1" }));`,
  `export const A = onMessage({}, (m) => m.forward({ channel: "X", body: "x" }));`,
  `export const A = onMessage({}, (m) => { m.to = "+1"; });`,
  `export const A = onMessage({}, (m) => m.trace(m.body));`,
  `export const A = onMessage({}, (m) => m.trace(m.text));`,
  `export const A = onMessage({ channel: "X" }, () => {});`,
  `export const A = onMessage({ channels: "X" }, () => {});`,
  `export const A = onMessage({ onFault: "ignore" }, () => {});`,
  `export const A = onMessage(() => {});`,
  `export const A = onBind({}, (b) => b.accept({ charge: 1 }));`,
  `export const A = onBind({}, (b) => b.forward({ channel: "X" }));`,
  `export const A = onBind({}, (b) => b.trace(b.password));`,
  `export const A = onBind({}, async (b, { accounts }) => { const f = await accounts.verify(b); b.accept({ account: f.account }); });`,
  `export const A = onMessage({}, async (m, { accounts }) => { const o = await accounts.byNumber(m.to); m.forward({ channel: "X", account: o.id }); });`,
  `export const A = onMessage({}, (m) => m.fail());`,
  `export const A = onMessage({}, (m) => m.apply());`,
  `export const A = onMessage({ status: ["DELIVERED"] }, () => {});`,
  `export const A = onReport({}, (r) => r.accept());`,
  `export const A = onReport({}, (r) => r.apply({ status: "DELIVERED" }));`,
  `export const A = onReport({}, (r) => r.report());`,
  `export const A = onReport({}, (r) => r.trace(r.message.id));`,
  `export const A = onReport({}, (r) => { if (r.status === "FAILED") r.apply(); });`,
  `export const A = onReport({ status: ["DELIVERED"] }, () => {});`,
  `export const A = onReport({}, async (r, { accounts }) => { await accounts.verify(r); });`,
  `export const A = onStatus({ status: ["SENT"] }, () => {});`,
  `export const A = onStatus({ status: "DELIVERED" }, () => {});`,
  `export const A = onStatus({}, (m) => m.root.report());`,
  `export const A = onStatus({}, (m) => m.root?.report({ status: "DELIVRD" }));`,
  `export const A = onStatus({}, (m) => m.root?.report({ error: 0 }));`,
  `export const A = onStatus({}, (m) => m.reject("try_later"));`,
  `export const A = onStatus({}, (m) => m.apply());`,
  `export const A = onStatus({}, (m) => m.forward({ channel: "X" }));`,
  `export const A = onMessage({}, () => { setTimeout(() => {}, 1); });`,
  `export const A = onMessage({}, () => { process.exit(); });`,
];

test("right triggers compile, and each wrong field, answer or global does not", async (t) => {
  // Inside the project, because the compiler looks upward for what the settings name.
  const directory = await mkdtemp(join(import.meta.dirname, "types-"));
  t.after(() => rm(directory, { recursive: true }));
  for (const [at, text] of right.entries())
    await writeFile(join(directory, `right${at}.ts`), script(text));
  for (const [at, text] of wrong.entries())
    await writeFile(join(directory, `wrong${at}.ts`), script(text));
  const config = {
    extends: resolve("triggers/tsconfig.json"),
    include: ["*.ts", resolve("src/trigger/script/globals.d.ts")],
  };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify(config));
  const tsc = resolve("node_modules/typescript/bin/tsc");
  const told = await promisify(execFile)(process.execPath, [tsc, "-p", directory]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  const faulty = new Set(
    [...told.matchAll(/(\w+)\.ts\(\d+,\d+\): error/g)].map((found) => found[1]),
  );
  assert.deepEqual([...faulty].map(String).sort(), wrong.map((_, at) => `wrong${at}`).sort(), told);
});
