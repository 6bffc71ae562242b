// What reaches the log: by level, without secrets, and no more than somebody can read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesPerMinute, sourcesMax } from "../../src/log/flood.ts";
import { createFlood, type LeftOut } from "../../src/log/flood.ts";
import { createLogLevels } from "../../src/log/levels.ts";
import { createLog } from "../../src/log/log.ts";
import type { LogLevel } from "../../src/model/log.ts";

function logAt(level: LogLevel = "info") {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, tickMs: () => nowMs };
  const levels = createLogLevels(level, clock);
  const lines: Record<string, unknown>[] = [];
  const to = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog(levels, { clock, to });
  return { log, levels, lines, pass: (ms: number) => (nowMs += ms) };
}

test("a line is JSON with level, time, facts and text; a child adds its own facts", () => {
  const { log, lines } = logAt();
  log.child({ tag: "SMPP", channel: "SMPP1" }).info({ session: "s1" }, "bound");
  const [{ time, ...line } = {}] = lines;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  const facts = { tag: "SMPP", channel: "SMPP1", session: "s1" };
  assert.deepEqual(line, { level: "info", ...facts, msg: "bound" });
});

test("[C09] a channel's level holds for its own log and for lines that name the channel", () => {
  const { log, levels, lines } = logAt("warn");
  levels.set({ channel: "SMPP1", level: "debug", forMs: undefined });
  const child = log.child({ channel: "SMPP1" });
  child.debug({}, "its own");
  child.child({ session: "s" }).debug({}, "of a child of it");
  log.debug({ channel: "SMPP1" }, "names it");
  log.info({ channel: "SMPP2" }, "another's");
  log.info({}, "nobody's");
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ["its own", "of a child of it", "names it"],
  );
});

test("secrets and text never get into a line, whoever hands them in", () => {
  const { log, lines } = logAt("debug");
  const secret = "KISSA";
  for (const name of ["password", "token", "authorization", "hash", "text", "octets"])
    log.error({ [name]: secret, deeper: { [name]: secret } }, "oh");
  assert.equal(lines.length, 6);
  assert.doesNotMatch(JSON.stringify(lines), /KISSA/);
});

test("what a peer can cause again and again is told ten times a minute, then once with the count", () => {
  const { log, lines, pass } = logAt();
  const channel = log.child({ channel: "SMPP_SERVER1" });
  for (let n = 0; n < 1_000; n += 1)
    channel.info({ session: `s${n}`, remote: `10.0.0.1:${n}` }, "bind refused");
  channel.info({ session: "x", remote: "10.0.0.2:1" }, "bind refused");
  assert.equal(lines.length, linesPerMinute + 1, "another address is told of");
  pass(60_000);
  channel.info({ session: "y", remote: "10.0.0.1:9" }, "bind refused");
  const [leftOut, next] = lines.slice(linesPerMinute + 1);
  assert.equal(leftOut?.["leftOut"], 1_000 - linesPerMinute);
  assert.match(String(leftOut?.["msg"]), /bind refused/);
  assert.equal(next?.["msg"], "bind refused");
});

test("errors of a database that is away do not fill the disk either, and an operator is told of always", () => {
  const { log, lines } = logAt();
  for (let n = 0; n < 100; n += 1) {
    log.error({ channel: "SMPP_SERVER1", message: `m${n}` }, "message not stored");
    log.child({ part: "admin" }).info({ channel: "SMPP1", by: "ann" }, "channel paused");
  }
  const told = (text: string) => lines.filter(({ msg }) => msg === text).length;
  assert.equal(told("message not stored"), linesPerMinute);
  assert.equal(told("channel paused"), 100);
});

test("the count is told by itself when nothing more is logged", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  const told: LeftOut[] = [];
  const clock = { nowMs: () => nowMs, tickMs: () => nowMs };
  const flood = createFlood(clock, (one) => told.push(one));
  for (let n = 0; n < linesPerMinute + 5; n += 1) flood.allows("a", "oh");
  nowMs = 60_000;
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, [{ source: "a", text: "oh", lines: 5 }]);
});

test(`more than ${sourcesMax} sources at a time take no more memory, and no count is lost`, () => {
  const told: LeftOut[] = [];
  const clock = { nowMs: () => 0, tickMs: () => 0 };
  const flood = createFlood(clock, (one) => told.push(one));
  for (let n = 0; n < linesPerMinute + 1; n += 1) flood.allows("first", "oh");
  for (let n = 0; n < sourcesMax; n += 1) assert.ok(flood.allows(`s${n}`, "oh"));
  assert.deepEqual(told, [{ source: "first", text: "oh", lines: 1 }]);
});

test("the row that PostgreSQL could not store stands in no line, though its error does", () => {
  const { log, lines } = logAt();
  const detail = "Failing row contains (+31612345670, secret)";
  const error = Object.assign(new Error("null value"), { code: "23502", detail, where: detail });
  log.error({ err: error, code: error.code }, "cannot be stored");
  log.error({ err: new Error("a flush failed", { cause: error }) }, "again");
  assert.doesNotMatch(JSON.stringify(lines), /31612345670|secret/);
  assert.match(JSON.stringify(lines[0]), /null value.*23502/);
});
