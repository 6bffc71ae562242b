import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { openTestChannel } from "../channel/host.ts";
import { signalbox } from "./cli.ts";

const host = "127.0.0.1";
const message = ["--to", "+15551234567", "--text", "Hello"];

describe("simulate esme", { concurrency: 4 }, () => {
  test("[A13] prints the answer and what came back", async () => {
    await using smsc = await startSmsc({ host, port: 0, rules: { firstId: 41 } });
    const args = ["simulate", "esme", "--port", String(smsc.port), ...message, "--wait-report"];
    const said = await signalbox(args);
    assert.deepEqual([said.code, said.err], [0, ""]);
    assert.match(said.out, /^bound {2}Test1 at 127\.0\.0\.1:\d+, which calls itself "simulator"$/m);
    assert.match(said.out, /^submit taken {2}id 41 {2}[\d.]+ ms$/m);
    assert.match(said.out, /^report {2}DELIVRD {2}id 41 {2}err 000$/m);
    assert.equal(smsc.messages[0]?.sms.from.digits, "15550100001");
  });

  test("with --json prints one value", async () => {
    await using smsc = await startSmsc({ host, port: 0, rules: { firstId: 41 } });
    const args = ["simulate", "esme", "--port", String(smsc.port), ...message, "--json"];
    const { out } = await signalbox([...args, "--wait-report", "5"]);
    const { bind, submitted, received } = JSON.parse(out);
    assert.equal(bind, "ESME_ROK");
    assert.deepEqual([submitted[0].status, submitted[0].messageId], ["ESME_ROK", "41"]);
    assert.equal(received[0].receipt.state, "DELIVRD");
  });

  test("many messages are told as a sum", async () => {
    await using smsc = await startSmsc({ host, port: 0 });
    const args = ["simulate", "esme", "--port", String(smsc.port), ...message];
    const said = await signalbox([...args, "--count", "100"]);
    assert.match(said.out, /^100 submits: 100 ESME_ROK; p50 [\d.]+ ms, p99 [\d.]+ ms$/m);
    assert.equal(smsc.counts.received, 100);
  });

  test("a refused bind and a refused message are told by name and exit 1", async () => {
    await using smsc = await startSmsc({
      host,
      port: 0,
      rules: { password: "Pwd1", outcome: () => ({ answer: 0x45, report: "none" }) },
    });
    const args = ["simulate", "esme", "--port", String(smsc.port), ...message];
    const wrong = await signalbox([...args, "--password", "-"], { input: "wrong\n" });
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /^bind refused {2}ESME_RINVPASWD \(0x0e\) for Test1 at /);
    const refused = await signalbox(args);
    assert.equal(refused.code, 1);
    assert.match(refused.out, /^submit refused {2}ESME_RSUBMITFAIL \(0x45\)/m);
  });

  test("a report that does not come is told and exits 1", async () => {
    await using smsc = await startSmsc({
      host,
      port: 0,
      rules: { outcome: () => ({ answer: 0, report: "none" }) },
    });
    const args = ["simulate", "esme", "--port", String(smsc.port), ...message];
    const said = await signalbox([...args, "--wait-report", "1"]);
    assert.equal(said.code, 1);
    assert.match(said.out, /^not all reports came within 1 s/m);
  });

  test("--listen shows what comes in, and tells when the other side ends the session", async () => {
    const smsc = await startSmsc({ host, port: 0 });
    const said = signalbox(["simulate", "esme", "--port", String(smsc.port), "--listen"]);
    await smsc.until("bound", 1);
    assert.equal(await smsc.inject({ from: "+1444", to: "+1555", text: "Grüße \u001b[2J" }), 0);
    await smsc.close();
    const { code, out } = await said;
    assert.equal(code, 1);
    assert.match(out, /^message {2}1444 → 1555 {2}"Grüße \\u001b\[2J"$/m);
    assert.match(out, /^the session ended {2}peer_unbound$/m);
  });

  test("--insecure connects with TLS; --tls also checks the certificate", async () => {
    const settings = { type: "smpp-server", address: [host], port: 0, tls: { port: 0 } };
    await using server = await openTestChannel(settings);
    const port = String(server.channel.ports()[1]);
    const args = ["simulate", "esme", "--port", port, ...message];
    const taken = await signalbox([...args, "--insecure"]);
    assert.deepEqual([taken.code, taken.err], [0, ""]);
    assert.match(taken.out, /^bound .* which calls itself "signalbox", with TLS$/m);
    assert.equal(server.events.bind[0]?.tls, true);
    const refused = await signalbox([...args, "--tls"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /its certificate has signed itself, so nobody vouches for it/);
  });

  test("nobody at the port is told in one line", async () => {
    const smsc = await startSmsc({ host, port: 0 });
    await smsc.close();
    const said = await signalbox(["simulate", "esme", "--port", String(smsc.port), ...message]);
    assert.equal(said.code, 1);
    assert.match(said.err, /^signalbox: 127\.0\.0\.1:\d+: nobody listens there\. [^\n]+\n$/);
  });
});

test("simulate smsc plays a profile, and refuses one that is none or that goes against an option", async () => {
  const launcher = join(import.meta.dirname, "../../cli/signalbox.js");
  const profile = ["--profile", "late-hex-duplicates", "--seed", "3"];
  const args = [launcher, "simulate", "smsc", "--port", "0", ...profile, "--json"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { port } = JSON.parse(String((await lines.next()).value));
  await using esme = await connectEsme({ host, port, systemId: "Test1", password: "any" });
  const { messageId } = await esme.submit({ from: "+1555", to: "+1666", text: "Hello" });
  assert.match(messageId, /^[0-9a-f]{12,13}$/);
  assert.match(messageId, /[a-f]/);
  child.kill("SIGTERM");
  assert.equal((await once(child, "exit"))[0], 0);

  const none = await signalbox(["simulate", "smsc", "--profile", "none"]);
  assert.deepEqual([none.code, none.out], [4, ""]);
  assert.match(none.err, /^none: is no profile; shipped are chatty, /);
  const against = await signalbox(["simulate", "smsc", "--profile", "padded", "--id-form", "hex"]);
  assert.equal(against.code, 2);
  assert.match(against.err, /'--profile <name>' cannot be used with option '--id-form <form>'/);
  const help = await signalbox(["simulate", "smsc", "--help"]);
  assert.match(help.out, /^ {2}every-form {2,}receipts in each form/m);
});

test("simulate smsc takes, reports and injects until it is told to end", async () => {
  const launcher = join(import.meta.dirname, "../../cli/signalbox.js");
  const args = [launcher, "simulate", "smsc", "--port", "0", "--report-delay-ms", "0", "--json"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));

  const { what, port } = await next();
  assert.equal(what, "listening");
  await using esme = await connectEsme({ host, port, systemId: "Test1", password: "any" });
  assert.equal((await next()).what, "bound");
  await esme.submit({ from: "+1555", to: "+1666", text: "Hello", registeredDelivery: 1 });
  assert.deepEqual(await next(), { what: "message", from: "1555", to: "1666", text: "Hello" });
  assert.deepEqual(await next(), { what: "delivered", kind: "report", status: 0 });

  child.stdin.write("+1444 +1555 A word or two\n");
  const deliveries = await esme.delivered(2);
  assert.equal(deliveries[1]?.sms.octets.toString("latin1"), "A word or two");

  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.equal(await esme.closed, "peer_unbound");
});
