import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { CHECKS } from "../../src/conformance/checks.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { signalbox } from "./cli.ts";

const who = ["--system-id", "us", "--password", "-", "--patience", "0"];
const password = { input: "secret\n" };

test("signalbox conformance shows what differs at another server, reaches no phone, and exits 1", async () => {
  await using smsc = await startSmsc({
    host: "127.0.0.1",
    port: 0,
    // It takes any name, which is one thing to be told.
    rules: { password: "secret" },
  });
  const place = `127.0.0.1:${smsc.port}`;
  const said = await signalbox(["conformance", place, ...who], password);
  assert.equal(said.err, "");
  assert.equal(said.code, 1);
  assert.match(said.out, /^Binds and versions$/m);
  assert.match(
    said.out,
    /^differs +bind-unknown-system-id .* bind_transceiver_resp 0x00 ESME_ROK$/m,
  );
  assert.match(said.out, /^\d+ pass, \d+ differs, \d+ not supported, \d+ skipped$/m);
  assert.doesNotMatch(said.out, /^pass/m);
  assert.equal(smsc.counts.received, 0);

  const told = await signalbox(
    ["conformance", place, ...who, "--to", "+15551234567", "--json"],
    password,
  );
  const results = JSON.parse(told.out);
  assert.deepEqual(
    results.map(({ id }: { id: string }) => id).sort(),
    CHECKS.map(({ id }) => id).sort(),
  );
  assert.ok(smsc.counts.received > 10);
});

test("a wrong password and a server that is not there are told, not taken for results", async () => {
  await using smsc = await startSmsc({ host: "127.0.0.1", port: 0, rules: { password: "other" } });
  const refused = await signalbox(["conformance", `127.0.0.1:${smsc.port}`, ...who], password);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /bind_transceiver: bind_transceiver_resp 0x0E ESME_RINVPASWD/);
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const address = closed.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  closed.close();
  const lost = await signalbox(["conformance", `127.0.0.1:${port}`, ...who], password);
  assert.equal(lost.code, 1);
  assert.match(lost.err, /ECONNREFUSED/);
  const wrong = await signalbox(["conformance", "a:b:c", ...who], password);
  assert.equal(wrong.code, 2);
});
