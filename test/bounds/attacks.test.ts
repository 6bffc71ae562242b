/**
 * What a script may do to harm the machine, the gateway or other scripts, each in the real sandbox and
 * with traffic of another trigger going on: that traffic is decided as if nothing were, the culprit is
 * named, and its event ends as the guide says. docs/sandbox.md tells what stops each of them.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import {
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
  statusRequest,
} from "../support/run-trigger.ts";

// One engine for all of them, because a start of hosts costs 0.2 s: each attack is saved over the last.
let running: RunningScripts;
before(async () => {
  const good = script(`export const GOOD = onMessage({ channels: ["GOOD"] }, (m) => m.accept());`);
  running = await openScripts(
    { "good.ts": good },
    {
      limits: { quarantineFaults: 1000, eventDeadlineMs: 20_000, statusDeadlineMs: 800 },
      calls: { "accounts.byNumber": () => Promise.resolve(null) },
    },
  );
});
after(() => running[Symbol.asyncDispose]());

interface Attack {
  readonly what: string;
  /** In the handler of `BAD`, which has `m` and its tools. */
  readonly code: string;
  /** Before it, while the file is loaded. */
  readonly head?: string;
  /** What becomes of its event: the text of its fault; "accept" where nothing of it is left. */
  readonly event: RegExp | "accept";
  /** Nobody ends it but the deadline: told of a status, whose deadline is short here. */
  readonly fault?: "decision_timeout";
  /** V8 stops it, or it is harmless; else it may take its host down, and the spare takes over. */
  readonly host?: "lives";
  /** Events at once; 1 when left out. */
  readonly events?: number;
}

/** Milliseconds; on a quiet machine it is below 500, which docs/sandbox.md tells of each. */
const recoveryMsMax = 10_000;

const ATTACKS: readonly Attack[] = [
  // Time.
  { what: "an endless loop", code: "for (;;);", event: /computed for too long/, host: "lives" },
  {
    what: "endless microtasks",
    code: "const next = (): Promise<void> => Promise.resolve().then(next); return next();",
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "an await that never ends",
    code: "return new Promise(() => {});",
    event: /BAD took longer than 800 ms/,
    fault: "decision_timeout",
    host: "lives",
  },
  {
    what: "a promise whose then does nothing",
    code: "return new (class extends Promise<void> { override then() { return this as never; } })(() => {});",
    event: /BAD took longer than 800 ms/,
    fault: "decision_timeout",
    host: "lives",
  },
  {
    what: "a thenable that loops",
    code: "return (async () => ({ then() { for (;;); } }))();",
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a catastrophic regular expression",
    code: `m.trace(String(/^(a+)+$/.test("a".repeat(40) + "b")));`,
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a deep recursion",
    code: "const deep = (n: number): number => 1 + deep(n + 1); m.trace(String(deep(0)));",
    event: /Maximum call stack/,
    host: "lives",
  },
  { what: "powers of a BigInt", code: "let n = 3n; for (;;) n *= n;", event: /./ },
  { what: "one power of a BigInt", code: "m.trace(String((3n ** 30_000_000n) % 7n));", event: /./ },
  {
    what: "a sort with a comparison that lies",
    code: "const a = Array.from({ length: 1e6 }, (_, n) => n); for (;;) a.sort(() => (a.length % 2 ? 1 : -1));",
    event: /too long|memory|progress/,
  },
  {
    what: "indexOf on a huge array",
    code: "const all: number[] = []; all.length = 4e9; m.trace(String(all.indexOf(1)));",
    event: /too long|no progress/,
  },
  // Memory.
  {
    what: "a string that doubles",
    code: `let s = "x".repeat(1000); for (;;) s += s;`,
    event: /Invalid string length|memory|too long/,
  },
  {
    what: "arrays without end",
    code: "const all: number[][] = []; for (;;) all.push(new Array(1000).fill(1.5));",
    event: /./,
  },
  {
    what: "a Map that grows",
    code: "const all = new Map(); for (let n = 0; ; n++) all.set(n, new Array(100).fill(n));",
    event: /./,
  },
  { what: "an array of 300 million", code: "new Array(3e8).fill(1);", event: /./ },
  {
    what: "ArrayBuffers without end",
    code: "const all: ArrayBuffer[] = []; for (;;) all.push(new ArrayBuffer(1_000_000));",
    event: /memory|Array buffer allocation failed|too long/,
  },
  {
    what: "an ArrayBuffer of 2 GiB",
    code: "const a = new Uint8Array(2 ** 31 - 1).fill(1); m.trace(String(a[5]));",
    event: /./,
  },
  {
    what: "a resizable ArrayBuffer",
    code: "const b = new ArrayBuffer(8, { maxByteLength: 2 ** 33 }); b.resize(2 ** 33); new Uint8Array(b).fill(7);",
    event: /resize|ArrayBuffer/,
    host: "lives",
  },
  {
    what: "a resizable ArrayBuffer by another way",
    code: "const Own = class extends (new Uint8Array(1).buffer.constructor as typeof ArrayBuffer) {}; const b = new Own(8, { maxByteLength: 2 ** 30 } as never); if (b.resizable || new ArrayBuffer(8).constructor !== ArrayBuffer || !(new Uint8Array(1).buffer instanceof ArrayBuffer)) throw new Error(`${b.resizable}`);",
    event: "accept",
    host: "lives",
  },
  {
    what: "an ArrayBuffer that is transferred into a larger one",
    code: "let b = new ArrayBuffer(8); for (let n = 0; n < 30; n++) { b = b.transfer(2 ** 30); new Uint8Array(b).fill(1); }",
    event: /./,
  },
  // Throws.
  {
    what: "a throw whose stack throws",
    code: `throw Object.defineProperty(new Error("x"), "stack", { get() { throw new Error("y"); } });`,
    event: /cannot be told/,
    host: "lives",
  },
  {
    what: "a throw whose stack never ends",
    code: `throw Object.defineProperty(new Error("x"), "stack", { get() { for (;;); } });`,
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a thrown Proxy",
    code: `throw new Proxy({}, { get() { throw 1; } });`,
    event: /cannot/,
    host: "lives",
  },
  {
    what: "a thrown Proxy of an Error",
    code: `throw new Proxy(new Error("x"), { get() { for (;;); } });`,
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a hostile prepareStackTrace",
    head: `Object.assign(Error, { prepareStackTrace() { for (;;); } });`,
    code: `throw new Error("x");`,
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a prepareStackTrace that looks for the host's frames",
    head: `let seen = ""; Object.assign(Error, { prepareStackTrace(_: unknown, frames: any[]) { for (const f of frames) { const t = f.getThis?.(); const fn = f.getFunction?.(); seen += [f.getFileName(), typeof t?.process, typeof fn?.constructor?.("return this")()?.process].join(" ") + ";"; } return ""; } });`,
    code: `void new Error("x").stack; if (/object|node:|host/.test(seen)) m.accept(); throw new Error(seen);`,
    event: /./,
    host: "lives",
  },
  {
    what: "a stack that is written to take long to read",
    code: `throw Object.assign(new Error("x"), { stack: "x\\n" + "a".repeat(3000) + ":1".repeat(400) + "!" });`,
    event: /bad\.ts x/,
    host: "lives",
  },
  {
    what: "a fault of the largest size that takes long to read",
    code: `
      const push = Array.prototype.push;
      Array.prototype.push = function (...lines: any[]) {
        const [line] = lines;
        if (typeof line === "string" && line.startsWith("S"))
          lines[0] = line.split(" ")[0] + " !" + JSON.stringify("x\\n" + "a".repeat(200_000) + "!");
        return push.apply(this, lines);
      };`,
    event: /bad\.ts x/,
    host: "lives",
  },
  {
    what: "rejections that nobody awaits and that throw when they are looked at",
    code: `for (let n = 0; n < 10_000; n++)
        void Promise.reject(n % 2 ? new Proxy(new Error("x"), { get() { throw 1; } }) : { get message() { throw 2; } });`,
    event: "accept",
    host: "lives",
  },
  {
    what: "a rejection that nobody awaits and whose message never ends",
    code: `void Promise.reject(Object.defineProperty(new Error("x"), "message", { get() { for (;;); } }));`,
    event: /./,
  },
  {
    what: "a throw of what is no object",
    code: "throw null;",
    event: /thrown: null/,
    host: "lives",
  },
  // What it tells.
  {
    what: "a huge trace",
    code: `m.trace("x".repeat(1_000_000));`,
    event: /resultOctetsMax/,
    host: "lives",
  },
  {
    what: "too many traces",
    code: `for (let n = 0; n < 100_000; n++) m.trace("");`,
    event: /resultOctetsMax|actions/,
    host: "lives",
  },
  {
    what: "a huge log",
    code: `for (let n = 0; n < 3; n++) tools.log("x".repeat(1_000_000));`,
    event: "accept",
    host: "lives",
  },
  { what: "a log without end", code: `for (;;) tools.log("x");`, event: /./ },
  {
    what: "ten thousand lines of log",
    code: `for (let n = 0; n < 10_000; n++) tools.log("x");`,
    event: "accept",
    host: "lives",
  },
  {
    what: "ten thousand calls after the end",
    code: `void Promise.resolve().then(() => { for (let n = 0; n < 10_000; n++) m.trace("late"); });`,
    event: "accept",
    host: "lives",
  },
  {
    what: "ten million lines at once",
    code: `Array.prototype.join = () => "\\n".repeat(10_000_000);`,
    event: /told more than 65536 lines/,
    host: "lives",
  },
  {
    what: "ten thousand host calls at once",
    code: `return Promise.all(Array.from({ length: 10_000 }, () => tools.accounts.byNumber("+1")));`,
    event: /called more than 1048576 octets|more than 64 calls/,
    host: "lives",
  },
  {
    what: "ten thousand host calls one after the other",
    code: `return (async () => { for (let n = 0; n < 10_000; n++) await tools.accounts.byNumber("+1"); })();`,
    event: /called more than 1048576 octets/,
    host: "lives",
  },
  {
    what: "a host call of a name from the prototype",
    code: `
      const push = Array.prototype.push;
      Array.prototype.push = function (...lines: any[]) {
        const [line] = lines;
        if (typeof line === "string" && line.startsWith("C"))
          lines[0] = line.replace("accounts.byNumber", "__proto__");
        return push.apply(this, lines);
      };
      return tools.accounts.byNumber("+1").catch((e: Error) => m.trace(e.message)).then(() => m.accept());`,
    event: "accept",
    host: "lives",
  },
  {
    what: "a result that says something else each time it is looked at",
    code: `let n = 0; m.forward({ get channel() { return n++ ? "__proto__" : "X"; }, toJSON() { return null; } } as never);`,
    event: "accept",
    host: "lives",
  },
  {
    what: "toJSON on everything",
    code: `for (const one of [Object, Array, String, Number]) Object.assign(one.prototype, { toJSON() { return [["a", 1e9, "admin"]]; } });`,
    event: /./,
    host: "lives",
  },
  {
    what: "a nested result",
    code: `
      const push = Array.prototype.push;
      Array.prototype.push = function (...lines: any[]) {
        const [line] = lines;
        if (typeof line === "string" && line.startsWith("S"))
          lines[0] = line.split(" ")[0] + " ." + "[".repeat(100_000) + "]".repeat(100_000);
        return push.apply(this, lines);
      };`,
    event: /./,
    host: "lives",
  },
  {
    what: "Symbol.species",
    code: `
      Object.defineProperty(Array, Symbol.species, { get() { for (;;); } });
      Object.defineProperty(Promise, Symbol.species, { get() { for (;;); } });
      return tools.accounts.byNumber("+1").then(() => m.accept());`,
    event: /computed for too long/,
    host: "lives",
  },
  // Its own runtime.
  {
    what: "setters on Object.prototype",
    code: `for (const key of ["0", "acts", "ended", "key", "message", "then"]) Object.defineProperty(Object.prototype, key, { set() { for (;;); }, get() { for (;;); }, configurable: true });`,
    event: /./,
    host: "lives",
  },
  {
    what: "an Array.prototype.map of its own",
    code: `Array.prototype.map = () => { throw new Error("mine"); };`,
    event: "accept",
    host: "lives",
  },
  {
    what: "frozen prototypes",
    code: `for (const one of [Object, Array, Map, Promise, Function, String]) Object.freeze(one.prototype);`,
    event: "accept",
    host: "lives",
  },
  {
    what: "a JSON of its own",
    code: `JSON.stringify = () => '[["a",1000000,null]]\\nS1 +[["a",5,null]]\\nB1\\nH';`,
    event: "accept",
    host: "lives",
  },
  {
    what: "a String.prototype.split that never ends",
    head: `String.prototype.split = () => { for (;;); };`,
    code: "",
    event: /computed for too long/,
    host: "lives",
  },
  {
    what: "a finalizer that never ends",
    code: `
      const registry = new (globalThis as any).FinalizationRegistry(() => { for (;;); });
      for (let n = 0; n < 2000; n++) registry.register({}, n);
      const all: unknown[] = [];
      for (let n = 0; n < 200; n++) all.push(new Array(1000).fill(n));`,
    event: "accept",
    host: "lives",
  },
  {
    what: "native memory outside of the heap",
    code: `
      const kept: unknown[] = ((globalThis as any).kept ??= []);
      for (let n = 0; n < 100; n++) kept.push(new Intl.DateTimeFormat("th-u-ca-buddhist", { timeZone: "Asia/Bangkok", dateStyle: "full" }), new Intl.Collator("zh"));`,
    event: "accept",
    events: 20,
    host: "lives",
  },
];

/** How an overrun may be told instead, when the machine is so busy that the clock runs ahead of it. */
const starved =
  /did not get the processor for long enough|computed for too long|took its host down/;

for (const attack of ATTACKS)
  test(`attack: ${attack.what}`, async (t) => {
    const { code, head = "", event, fault = "trigger_failed", host, events = 1 } = attack;
    const isStatus = fault === "decision_timeout";
    const on = isStatus ? "onStatus({}" : 'onMessage({ channels: ["BAD"] }';
    await running.save({
      "bad.ts": script(`${head}
        export const BAD = ${on}, (m: any, tools): any => {
          void tools;
          ${code}
          m.accept();
        });`),
    });
    const { engine } = running;
    const listed = engine.list().find((one) => one.file === "bad.ts");
    assert.equal(listed?.state, "active", JSON.stringify(listed));
    const before = engine.facts();
    const traffic = goOn();
    const rulings = await Promise.all(
      Array.from({ length: events }, (_, n) =>
        engine.decide(
          isStatus ? statusRequest() : messageRequest({ channel: "BAD", id: `bad-${n}` }),
        ),
      ),
    );
    const { longestMs, refused } = await traffic.end();
    const restarts = engine.facts().restarts - before.restarts;
    t.diagnostic(`${said(rulings[0])}; others ${longestMs} ms; hosts lost ${restarts}`);
    for (const ruling of rulings) {
      if (ruling.verdict === "accept") assert.equal(event, "accept", said(ruling));
      else {
        assert.ok(ruling.verdict === "undecided", said(ruling));
        assert.equal(ruling.fault, fault);
        if (event === "accept" || !event.test(ruling.text)) assert.match(ruling.text, starved);
        if (!isStatus) assert.equal(ruling.ran[0]?.trigger, "BAD");
      }
    }
    assertUnharmed(refused);
    assert.ok(longestMs < recoveryMsMax, `others waited for ${longestMs} ms`);
    if (host === "lives") assert.equal(restarts, 0);
  });

interface Load {
  readonly what: string;
  /** The whole file; what is in it never comes to run. */
  readonly text: string;
  readonly fault: RegExp;
}

const LOADS: readonly Load[] = [
  {
    what: "an endless loop",
    text: "for (;;);",
    fault: /while it was loaded it computed for too long/,
  },
  {
    what: "memory",
    text: "const all = []; for (;;) all.push(new Array(1000).fill(1.5));",
    fault: /./,
  },
  {
    what: "a throw whose stack never ends",
    text: `throw Object.defineProperty(new Error("x"), "stack", { get() { for (;;); } });`,
    fault: /./,
  },
  {
    what: "a throw of ten million characters",
    text: `const e = new Error("x"); e.stack = "x\\n" + "a".repeat(10_000_000) + "!"; throw e;`,
    fault: /bad\.ts Error: x/,
  },
  { what: "a throw that is no error", text: "throw { stack: 1 };", fault: /./ },
  {
    what: "a runtime of its own that never ends",
    text: `Object.defineProperty(globalThis, "signalbox", { get() { for (;;); }, set() {} });`,
    fault: /./,
  },
  {
    what: "a runtime of its own that is none",
    text: `Object.defineProperty(globalThis, "signalbox", { value: 5 });`,
    fault: /./,
  },
  {
    what: "a registration without end",
    text: `JSON.stringify = () => "x".repeat(5_000_000);`,
    fault: /tampered/,
  },
  {
    what: "a registration that is nested",
    text: `JSON.stringify = () => "[".repeat(100_000) + "]".repeat(100_000);`,
    fault: /./,
  },
  {
    what: "source that is nested ten thousand times",
    text: `export const x = ${"[".repeat(10_000)}1${"]".repeat(10_000)};`,
    fault: /./,
  },
  {
    what: "a module of the machine",
    text: `import "node:fs"; import "child_process"; export {};`,
    fault: /no access to the machine/,
  },
  { what: "a require", text: `const fs = require("fs"); export { fs };`, fault: /./ },
  { what: "a device", text: `import "/dev/zero";`, fault: /./ },
];

for (const { what, text, fault } of LOADS)
  test(`attack while it is loaded: ${what}`, async (t) => {
    await running.save({
      "bad.ts": script(`export const BAD = onMessage({ channels: ["BAD"] }, (m) => m.accept());`),
    });
    const traffic = goOn();
    await running.save({
      "bad.ts":
        text.includes("throw") || text.startsWith("import")
          ? text
          : script(
              `${text}\nexport const BAD = onMessage({ channels: ["BAD"] }, (m) => m.accept({ charge: 1 }));`,
            ),
    });
    const { longestMs, refused } = await traffic.end();
    const [listed] = running.engine.list().filter((one) => one.file === "bad.ts");
    t.diagnostic(`${listed?.detail.slice(0, 200)}; others ${longestMs} ms`);
    assert.equal(listed?.state, "broken");
    assert.match(listed.detail, fault);
    assertUnharmed(refused);
    assert.ok(longestMs < recoveryMsMax);
    // Its last good version decides.
    const ruling = await running.engine.decide(messageRequest({ channel: "BAD" }));
    assert.equal(ruling.verdict === "accept" && ruling.charge, 0, said(ruling));
  });

function said(ruling: Ruling | undefined): string {
  if (ruling === undefined) return "nothing";
  return ruling.verdict === "undecided" ? `${ruling.fault}: ${ruling.text}` : ruling.verdict;
}

/** On a machine that is busy beyond measure one of thousands may have been stopped by the clock. */
function assertUnharmed(refused: readonly string[]): void {
  if (refused.length === 1) assert.match(refused[0] ?? "", starved);
  else assert.deepEqual(refused, []);
}

/** Events of another trigger, one after the other, until it is ended; the last begins after that. */
function goOn() {
  let longestMs = 0;
  const refused: string[] = [];
  let going = true;
  const loop = async () => {
    for (let last = false; !last;) {
      last = !going;
      const began = performance.now();
      const ruling = await running.engine.decide(messageRequest({ channel: "GOOD", id: "good" }));
      longestMs = Math.max(longestMs, Math.round(performance.now() - began));
      if (ruling.verdict !== "accept") refused.push(said(ruling));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const ended = loop();
  return {
    async end() {
      going = false;
      await ended;
      return { longestMs, refused };
    },
  };
}
