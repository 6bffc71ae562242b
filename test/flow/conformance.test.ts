/**
 * The list of `signalbox conformance` against our own server, with the whole gateway behind it. What it
 * answers stands in docs/conformance-answers.json, of which `npm run docs` makes docs/smpp-conformance.md.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { answersFile } from "../../docs/conformance.ts";
import { CHECKS } from "../../src/conformance/checks.ts";
import { type Result, checkConformance } from "../../src/conformance/run.ts";
import { startGateway } from "../support/gateway.ts";

/** Broadcasts are for networks of cells, which are no SMS; they are refused as unknown. */
const unsupported = ["broadcast-sm", "query-broadcast-sm", "cancel-broadcast-sm"];

test("[I40] [I42] [I43] [I44] [I45] our server answers every check as the specification says", async () => {
  await using gateway = await startGateway({
    channels: {
      SMPP_SERVER1: {
        onUnhandled: "reject",
        bindTimeoutMs: 3_000,
        enquireLinkMs: 1_000,
        responseTimeoutMs: 1_000,
      },
    },
  });
  const results = await checkConformance({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password: "Pwd1",
    from: "+31699887766",
    to: "+31612345670",
    // The machine may be crowded.
    waitMs: 30_000,
    patienceMs: 30_000,
  });
  const fallen = results.filter(({ kind }) => kind === "differs" || kind === "skipped");
  assert.deepEqual(fallen.map(told), []);
  const without = results.filter(({ kind }) => kind === "unsupported");
  assert.deepEqual(without.map(({ check }) => check.id).sort(), unsupported.toSorted());

  const answers = Object.fromEntries(
    CHECKS.map(({ id }) => [id, seenIn(results.find(({ check }) => check.id === id))]),
  );
  if (process.env["SIGNALBOX_WRITE_ANSWERS"] === "1")
    writeFileSync(answersFile, `${JSON.stringify(answers, undefined, 2)}\n`);
  assert.deepEqual(
    JSON.parse(readFileSync(answersFile, "utf8")),
    answers,
    "docs/conformance-answers.json is stale: run this file with SIGNALBOX_WRITE_ANSWERS=1, then `npm run docs`",
  );
});

test("each check has a name of its own", () => {
  assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length);
});

function told({ check, kind, seen }: Result): string {
  return `${check.id}: ${kind}, expected ${check.expects}, seen ${seen}`;
}

/** Times are a matter of the settings. */
function seenIn(result: Result | undefined): string {
  return (result?.seen ?? "").replaceAll(/ after [\d.]+ s\b/g, " in time");
}
