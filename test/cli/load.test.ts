/** `signalbox load` as it is typed, against the simulated provider: its words, its JSON, its exit codes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import { signalbox } from "./cli.ts";

const host = "127.0.0.1";

describe("load", { concurrency: 3 }, () => {
  let smsc: Smsc;
  before(async () => {
    smsc = await startSmsc({
      host,
      port: 0,
      // Numbers that end in 9 are throttled, those that end in 7 are never reported.
      rules: {
        outcome: ({ to }) => ({
          answer: to.digits.endsWith("9") ? 0x58 : 0,
          report: to.digits.endsWith("7") ? "none" : "DELIVRD",
        }),
      },
    });
  });
  after(() => smsc.close());
  // Each is somebody else, since a report may go to any session of the same system_id.
  let customers = 0;
  const run = (...more: string[]) => {
    const who = ["--system-id", `C${(customers += 1)}`, "--port", String(smsc.port)];
    return signalbox(["load", ...who, "--duration", "1s", "--rate", "50", ...more]);
  };

  test("[I02] tells rate, answers, percentiles and receipts, and exits 0 when all went well", async () => {
    const { code, out, err } = await run("--binds", "2", "--recipients", "5", "--long", "20");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^sent +50 messages in \d\.\d s, \d+\.\d\/s$/m);
    assert.match(out, /^answers +50 ESME_ROK$/m);
    assert.match(out, /^latency +p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/m);
    assert.match(out, /^receipts +50 of 50 back, 0 lost$/m);
  });

  test("refused messages exit 5, and stand in the JSON by name", async () => {
    const { code, out } = await run("--json", "--receipts", "0", "--recipients", "10");
    assert.equal(code, 5);
    const value = JSON.parse(out);
    assert.deepEqual([value.well, value.sent], [false, 50]);
    assert.deepEqual(value.answers, { ESME_ROK: 45, ESME_RTHROTTLED: 5 });
    assert.ok(value.latencyMs.p50 <= value.latencyMs.max);
  });

  test("reports that never come exit 5", async () => {
    const given = ["--to", "+15551230007", "--recipients", "1", "--receipt-wait", "1s"];
    const { code, out } = await run(...given);
    assert.equal(code, 5);
    assert.match(out, /^receipts +0 of 50 back, 50 lost$/m);
  });

  test("Ctrl-C ends it with the sums so far, and what has not come back is not held against it", async () => {
    const launcher = join(import.meta.dirname, "../../cli/signalbox.js");
    const own = await startSmsc({ host, port: 0 });
    const given = ["--port", String(own.port), "--duration", "1h", "--rate", "100"];
    const child = spawn(process.execPath, [launcher, "load", ...given]);
    const said = text(child.stdout);
    await own.received(20);
    child.kill("SIGINT");
    assert.equal((await once(child, "exit"))[0], 0);
    assert.match(await said, /^receipts +\d+ of \d+ back, \d+ open$/m);
    await own.close();
  });

  test("what cannot be is refused before anything is sent", async () => {
    const wrong = await run("--binds", "1001");
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /must be a whole number from 1 to 1000/);
  });
});
