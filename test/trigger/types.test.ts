/** What is wrong in a trigger does not compile, with the very settings that an author's editor uses. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { type SdkSymbol, sdkSymbols } from "../../docs/sdk.ts";
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
  `export const A = onMessage({}, async (m, { kv, http, secrets, crypto }) => {
     const n: number = await kv.increment("n", 2, { ttlMs: 1_000 });
     const was = await kv.shared("x").get<{ a: number }>("k");
     const page = await kv.list<string>({ prefix: "p" });
     await kv.compareAndSet("k", undefined, { n, was: was?.a, first: page.entries[0]?.value.length });
     const { status, ok, headers, json } = await http.fetch("https://api.example.com/", {
       headers: { authorization: secrets.format\`Bearer \${secrets.API_KEY}\`, "x-key": secrets.API_KEY },
       basic: { user: "me", password: secrets.PASSWORD },
       json: { to: m.to },
     });
     const signed = await crypto.hmac("sha256", secrets.KEY, new Uint8Array(2), "base64");
     if (crypto.equal(signed, headers["x-signature"] ?? "")) m.trace(\`\${status} \${ok} \${json<number>()} \${await crypto.randomId()}\`);
   });`,
  `export const A = onMessage({}, (m) => {
     const { parts, forcing } = sms.measure(m.text ?? "", { transliterate: true });
     const port = m.headers.find(({ id }) => id === 0x05)?.octets[1];
     m.trace([m.encoding, parts, forcing.length, port, m.part?.reference, m.octets.length].join(" "));
   });`,
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
  `export const A = onChannel({ channels: ["SMPP1"], what: ["down", "up"], forMs: 60_000 }, (c, { messages, now }) => {
     if (c.first && c.what === "up") return;
     const text = c.name + c.what + c.reason + String(now() - c.sinceMs) + String(c.forMs);
     messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text, priority: 3 });
   });`,
  `export const A = onSession({ accounts: ["Test1"], what: ["ended"] }, async (s, { messages, accounts }) => {
     const owner = await accounts.byNumber("+31612345678");
     if (owner === undefined || s.others > 0 || s.reason === "peer_unbound") return;
     const text = s.account + s.remote + s.detail + String(s.lastedMs + s.received + s.sent + s.boundMs);
     messages.send({ channel: "SMPP_SERVER1", account: owner.id, from: "1", to: "2", text });
   });`,
  `export const A = onStatus({ status: ["FAILED"] }, (m, { messages }) => {
     messages.send({ channel: "SMPP2", from: "1", to: m.from, text: m.error ?? "", dataCoding: 8 });
   });`,
  `export const A = onMessage({}, (m) => m.forward({ channel: "X", dataCoding: m.dataCoding | 0x10 }));`,
  `export const A = onMessage({}, async (m, { routes }) => { const { ways } = await routes.resolve({ to: "+1" }); m.forward(ways[0]?.price === undefined ? { to: "+1" } : undefined); });`,
  `export const A = onMessage({}, async (m, { db, messages }) => {
     const only = db.customers\`and credits > \${0}\`;
     const [row] = await db.customers<{ id: string }>\`select id from users where a = any (\${[m.to, m.from]}) \${only}\`;
     const [last] = await messages.find({ account: "Test1", to: m.to, limit: 1 });
     m.trace((row?.id ?? "") + (last?.status ?? ""));
     await db.billing\`select \${null}, \${1n}, \${true}, \${new Date(0)}, \${new Uint8Array(1)}\`;
   });`,
  `export const A = onBind({}, async (b, { db, accounts }) => {
     const found = await accounts.verify(b, { with: db.customers\`select hash\`, scheme: "scrypt" });
     if (!found.ok) b.reject(found.reason);
   });`,
];

const wrong = [
  `export const A = onMessage({}, (m) => m.accept({ charge: "1" }));`,
  `export const A = onMessage({}, (m) => m.accept({ chrge: 1 }));`,
  `export const A = onMessage({}, (m) => m.accept({ account: "x" }));`,
  `export const A = onMessage({}, (m) => m.reject("no_such_code"));`,
  `export const A = onMessage({}, (m) => m.forward({ channel: null }));`,
  `export const A = onMessage({}, (m) => m.forward({ channel: "X", body: "x" }));`,
  `export const A = onMessage({}, (m) => m.forward({ channel: "X", dataCoding: "ucs2" }));`,
  `export const A = onMessage({}, (m) => { m.to = "+1"; });`,
  `export const A = onMessage({}, (m) => { m.octets = new Uint8Array(); });`,
  `export const A = onMessage({}, (m) => m.trace(m.part.reference));`,
  `export const A = onMessage({}, (m) => { if (m.encoding === "utf16") m.accept(); });`,
  `export const A = onMessage({}, (m) => sms.measure(m.octets));`,
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
  `export const A = onChannel({ what: ["silent"] }, () => {});`,
  `export const A = onChannel({ forMs: "60000" }, () => {});`,
  `export const A = onChannel({ accounts: ["Test1"] }, () => {});`,
  `export const A = onChannel({}, (c) => c.accept());`,
  `export const A = onChannel({}, (c) => c.trace("x"));`,
  `export const A = onChannel({}, (c, { messages }) => messages.send({ channel: "X", to: "1", text: "x" }));`,
  `export const A = onChannel({}, (c, { messages }) => messages.send({ channel: "X", from: "1", to: "2" }));`,
  `export const A = onChannel({}, (c, { messages }) => messages.send({ channel: "X", from: "1", to: "2", text: c.what === "gone" ? "x" : "y" }));`,
  `export const A = onChannel({}, async (c, { accounts }) => { await accounts.verify(c); });`,
  `export const A = onSession({ what: ["refused"] }, () => {});`,
  `export const A = onSession({ accounts: "Test1" }, () => {});`,
  `export const A = onSession({ forMs: 1000 }, () => {});`,
  `export const A = onSession({}, (s) => { s.others = 1; });`,
  `export const A = onSession({}, (s) => s.reject("try_later"));`,
  `export const A = onBind({}, (b, { messages }) => messages.send({ channel: "X", from: "1", to: "2", text: "x" }));`,
  `export const A = onMessage({}, async (m, { db }) => { await db.nobody\`select 1\`; });`,
  `export const A = onMessage({}, async (m, { db }) => { await db.customers("select 1"); });`,
  `export const A = onMessage({}, async (m, { db }) => { await db.customers\`select \${{ a: 1 }}\`; });`,
  `export const A = onMessage({}, async (m, { db }) => { await db.customers\`select \${m.account}\`; });`,
  `export const A = onMessage({}, async (m, { db }) => { const [row] = await db.customers<{ id: string }>\`x\`; m.fail(row.id); });`,
  `export const A = onMessage({}, async (m, { messages }) => { await messages.find({ colour: "red" }); });`,
  `export const A = onBind({}, async (b, { messages }) => { await messages.find({ account: "x" }); });`,
  `export const A = onBind({}, async (b, { accounts }) => { await accounts.verify(b, { with: "select", scheme: "plain" }); });`,
  `export const A = onBind({}, async (b, { db, accounts }) => { await accounts.verify(b, { with: db.customers\`x\`, scheme: "md5" }); });`,
  `export const A = onMessage({}, () => { setTimeout(() => {}, 1); });`,
  `export const A = onMessage({}, () => { process.exit(); });`,
];

test("[A65] right triggers and those of the guide compile, and each wrong field, answer or global does not", async (t) => {
  // Inside the project, because the compiler looks upward for what the settings name.
  const directory = await mkdtemp(join(import.meta.dirname, "types-"));
  t.after(() => rm(directory, { recursive: true }));
  for (const [at, text] of right.entries())
    await writeFile(join(directory, `right${at}.ts`), script(text));
  for (const [at, text] of wrong.entries())
    await writeFile(join(directory, `wrong${at}.ts`), script(text));
  const guide = await readFile("docs/triggers.md", "utf8");
  const examples = [...guide.matchAll(/```ts\n(import [^]*?)```/g)].map((found) => found[1] ?? "");
  assert.ok(examples.length >= 3);
  const { triggers, tests } = sdkSymbols();
  const inDocs = [
    ...examplesIn(triggers).map(wholeExample),
    ...examplesIn(tests).map(
      (text) => `import { test } from "signalbox/test";\n${text.replace(/^import .*\n/gm, "")}`,
    ),
  ];
  assert.ok(inDocs.length >= 10);
  for (const [at, text] of inDocs.entries()) await writeFile(join(directory, `docs${at}.ts`), text);
  for (const [at, text] of examples.entries())
    await writeFile(join(directory, `guide${at}.ts`), text);
  const names = ["billing", "customers"].map((name) => `readonly ${name}: DataSource;`).join(" ");
  await writeFile(
    join(directory, "data-sources.d.ts"),
    `import type { DataSource } from "signalbox";\ndeclare module "signalbox" { interface DataSources { ${names} } }\n`,
  );
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

function examplesIn(symbols: readonly SdkSymbol[]): string[] {
  const docs = symbols.flatMap(({ doc, members }) => [doc, ...members.map((one) => one.doc)]);
  return docs.flatMap((doc) =>
    [...doc.matchAll(/```ts\n([^]*?)```/g)].map((found) => found[1] ?? ""),
  );
}

/** A file as it stands, a trigger, or some lines of a handler, with what such lines are taken to know. */
function wholeExample(text: string): string {
  if (/^import /m.test(text)) return text;
  if (/^export /m.test(text)) return script(text);
  const tools = "accounts, messages, db, kv, http, secrets, crypto";
  return script(`import type { Bind } from "signalbox";
declare const bind: Bind, active: boolean, body: string, phone: string, sender: string, hour: number, id: string;
export const EXAMPLE = onMessage({}, async (message, { ${tools} }) => {\n${text}\n});`);
}
