/**
 * Files change while thousands of events run. Each version charges its own number, so that the ruling
 * tells which one decided: it must be one, it must be the one that the trace names, and none is lost.
 */
import { writeFileSync } from "node:fs";
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import {
  messageRequest,
  openScripts,
  reportRequest,
  type RunningScripts,
  script,
  statusRequest,
} from "../support/run-trigger.ts";

/** Both files of one save; half of the events wait for a host call in between. */
function versionOf(n: number): Record<string, string> {
  return {
    "a.ts": script(`
      export const A = onMessage({ order: 1 }, async (m, { accounts }) => {
        if (m.id.endsWith("0")) await accounts.byNumber(m.id);
        m.accept({ charge: ${n} });
      });
      export const R = onReport({}, (r) => { r.apply(); r.trace("${n}"); });`),
    "b.ts": script(`
      export const B = onMessage({ order: 2 }, async (m, { accounts }) => {
        if (m.id.endsWith("1")) await accounts.byNumber(m.id);
        m.accept({ charge: ${n * 1000} });
        m.forward({ channel: "X", to: "+" + m.id });
      });
      export const S = onStatus({}, (m) => { m.root?.report(); m.trace("${n}"); });`),
  };
}

const workers = 200;
const saves = 8;

test("under load each event is decided once, by one version, and none is lost", async () => {
  await using running = await openScripts(versionOf(1), {
    calls: {
      "accounts.byNumber": async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return null;
      },
    },
  });
  const { engine, directory } = running;
  const seen = new Map<number, number>();
  const wrong: string[] = [];
  let asked = 0;
  let going = true;
  const worker = async () => {
    while (going) {
      const id = String(asked++);
      const version = await decideOne(running, id, wrong);
      if (version !== undefined) seen.set(version, (seen.get(version) ?? 0) + 1);
    }
  };
  const load = Promise.all(Array.from({ length: workers }, worker));
  for (let n = 2; n <= saves; n++) {
    const changed = engine.changed();
    // Without a pause between them: what is saved together is swapped together.
    for (const [file, text] of Object.entries(versionOf(n)))
      writeFileSync(join(directory, file), text);
    await changed;
    // The file system may have told of the first file before the second was whole.
    await engine.rescan();
    assert.equal(await decideOne(running, "7", wrong), n);
    if (n % 3 === 0) {
      await writeFile(join(directory, "b.ts"), "export const B = ;");
      await engine.rescan();
    }
  }
  going = false;
  await load;
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    [...seen.keys()].sort((a, b) => a - b),
    Array.from({ length: saves }, (_, at) => at + 1),
  );
  assert.equal(
    [...seen.values()].reduce((sum, count) => sum + count, 0),
    asked,
  );
  assert.ok(asked > 3_000, `${asked} events are no load`);
  assert.deepEqual([engine.facts().openEvents, engine.facts().restarts], [0, 0]);
  // A removed file stops, and what is open then still ends.
  const last = Array.from({ length: 100 }, (_, at) => decideOne(running, String(at * 10), wrong));
  await rm(join(directory, "a.ts"));
  await rm(join(directory, "b.ts"));
  await engine.rescan();
  assert.deepEqual(new Set(await Promise.all(last)), new Set([saves]));
  assert.equal((await engine.decide(messageRequest())).verdict, "unanswered");
});

/** The version that decided it; what does not fit together is noted as wrong. */
async function decideOne(
  { engine }: RunningScripts,
  id: string,
  wrong: string[],
): Promise<number | undefined> {
  const kind = ["message", "report", "status"][Number(id) % 3];
  if (kind === "message") {
    const ruling = await engine.decide(messageRequest({ id }));
    const version = ruling.verdict === "accept" ? ruling.charge / 1001 : NaN;
    const whole =
      ruling.verdict === "accept" &&
      ruling.forwards.length === 1 &&
      ruling.forwards[0]?.to === `+${id}` &&
      fits(ruling, version, 2);
    if (!whole) wrong.push(JSON.stringify(ruling));
    return version;
  }
  const ruling = await engine.decide(
    kind === "report" ? reportRequest({ id }) : statusRequest({ id }),
  );
  const [ran] = ruling.ran;
  const line = ran !== undefined && "actions" in ran ? ran.actions[1] : undefined;
  const version = line?.do === "trace" ? Number(line.text) : NaN;
  const told = ruling.verdict === "accept" && (ruling.applied || ruling.reports.length === 1);
  if (!told || !fits(ruling, version, 1)) wrong.push(JSON.stringify(ruling));
  return version;
}

/** A broken file in between counts no version, so what the trace names is the number of good ones. */
function fits(ruling: Ruling, version: number, triggers: number): boolean {
  return ruling.ran.length === triggers && ruling.ran.every((ran) => ran.version === version);
}
