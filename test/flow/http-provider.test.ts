/**
 * A customer over SMPP and a provider over HTTP, with the whole gateway between them: out, the report
 * home, answers to phones, what goes wrong, and what comes twice.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/sms/data-coding.ts";
import { byLastDigit } from "../../src/simulator/rules.ts";
import { startHttpProvider } from "../../src/simulator/http-provider.ts";
import { customer } from "../support/customer.ts";
import { startGateway } from "../support/gateway.ts";
import { freePort, until } from "../support/gateway-process.ts";

const secret = "callback secret";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 20_000;

const TRIGGERS = {
  "bind.ts": `import { onBind } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
  "out.ts": `import { onMessage } from "signalbox";
    export const OUT = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept();
      message.forward({ channel: message.to.startsWith("+1") ? "FORM" : message.to.startsWith("+2") ? "XML" : "JSON" });
    });`,
  "reports.ts": `import { onReport, onStatus } from "signalbox";
    export const APPLY = onReport({ channels: ["JSON", "FORM", "XML"] }, (report) => report.apply());
    export const TELL = onStatus({ channels: ["JSON", "FORM", "XML"] }, (message) => { message.root?.report(); });`,
  "in.ts": `import { onMessage } from "signalbox";
    export const IN = onMessage({ channels: ["JSON", "FORM", "XML"] }, (message) => {
      message.forward({ channel: "SMPP_SERVER1", account: "Test1" });
    });`,
};

test("[A01] [A47] messages of an SMPP customer go to providers over HTTP; reports and answers come home", async () => {
  await using provider = await startHttpProvider({
    host: "127.0.0.1",
    port: 0,
    rules: { outcome: byLastDigit, password: "key 1", secret, retryDelayMs: 50 },
  });
  const channel = async (file: string, more: object = {}) => {
    const port = await freePort();
    return {
      type: "http-client",
      provider: file,
      url: provider.url,
      user: "user",
      password: "key 1",
      callbacks: { port, secret, url: `http://127.0.0.1:${port}` },
      ...more,
    };
  };
  await using gateway = await startGateway({
    triggers: TRIGGERS,
    channels: {
      JSON: await channel("rest-json"),
      FORM: await channel("cgi-form"),
      XML: await channel("xml-post", { values: { service: "s1" } }),
    },
  });
  const view = (name: string) => gateway.running.channels.get(name)?.view();
  const allUp = async () => ["JSON", "FORM", "XML"].every((name) => view(name)?.state === "up");
  assert.ok(await until(allUp, patienceMs));
  await using esme = await customer(gateway);

  // Out, and the reports home.
  const texts = { json: "Grüße 🌍 {to}", form: "a & b = c €", xml: '5 < 6 & "7"' };
  const submit = (from: string, to: string, text: string) =>
    esme.submit({ from, to, text, registeredDelivery: 1 });
  const answers = [
    await submit("+31699887766", "+31612345670", texts.json),
    await submit("ACME", "+15552223330", texts.form),
    await submit("1234", "+254712345670", texts.xml),
  ];
  const taken = await provider.received(3);
  const by = (shape: string) => {
    const found = taken.find((one) => one.shape === shape);
    return [found?.from, found?.to, found?.text];
  };
  assert.deepEqual(by("rest-json"), ["+31699887766", "+31612345670", texts.json]);
  assert.deepEqual(by("cgi-form"), ["ACME", "+15552223330", texts.form]);
  assert.deepEqual(by("xml-post"), ["1234", "+254712345670", texts.xml]);
  const receipts = await esme.delivered(3);
  assert.deepEqual(
    receipts.map(({ receipt }) => `${receipt?.messageId} ${receipt?.state}`).toSorted(),
    answers.map(({ messageId }) => `${messageId} DELIVRD`).toSorted(),
  );

  // What a phone answers comes to the customer, from each of them, and once however often it is told.
  for (const shape of ["rest-json", "cgi-form", "xml-post"] as const) {
    // The simulator calls where the last message said.
    const [to, text] = [{ "rest-json": "+31", "cgi-form": "+1", "xml-post": "+2" }[shape], shape];
    const before = provider.counts.reported;
    await submit("1234", `${to}612345670`, text);
    await provider.until("reported", before + 1);
    const status = await provider.inject(
      { from: "+31612345670", to: "1234", text: `Ja & ${shape} ☺` },
      shape,
    );
    assert.equal(status, 200);
  }
  const all = await esme.delivered(9);
  assert.deepEqual(
    all
      .flatMap(({ receipt, sms }) =>
        receipt === undefined ? [decode(sms.octets, sms.dataCoding, false)] : [],
      )
      .toSorted(),
    ["Ja & cgi-form ☺", "Ja & rest-json ☺", "Ja & xml-post ☺"],
  );

  // A refusal for good is told to the customer, and one for now is tried again.
  await submit("1234", "+31612345679", "no such number");
  const failed = await esme.delivered(10);
  assert.equal(failed.at(-1)?.receipt?.state, "REJECTD");
  await submit("1234", "+31612345678", "too fast");
  const again = await provider.received(9);
  assert.deepEqual(
    again.slice(-2).map(({ text, reference }) => [text, reference]),
    Array.from({ length: 2 }, () => ["too fast", again.at(-1)?.reference]),
    "with the same id, so that a provider can tell",
  );
  const rows = await gateway.running.admin.messages({ all: false, limit: 100 });
  assert.ok(
    rows.some(({ status, error }) => status === "FAILED" && error === "HTTP 400 invalid_recipient"),
  );
  // Nothing of it stands in the log.
  const logged = JSON.stringify(gateway.log.lines);
  for (const word of ["key 1", secret, encodeURIComponent(secret), "Grüße"])
    assert.ok(!logged.includes(word), word);
});
