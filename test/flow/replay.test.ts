/**
 * What triggers decided is decided again from what is stored of it, over the admin socket of a whole
 * gateway and by the command line: what stays the same, what another file would change, what cannot be told.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "../../src/config/schema.ts";
import type { LifeView } from "../../src/model/view.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { readEventFile } from "../../src/trigger/event-file.ts";
import { type Said, signalbox } from "../cli/cli.ts";
import { askAdmin } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const to = "+31612345670";
const from = "+31699887766";

let gateway: TestGateway;
let ids: readonly string[];
/** The folder of the configuration, for files of a test. */
let place: string;

before(async () => {
  gateway = await startGateway();
  place = dirname(gateway.triggers);
  const config = `data: ./data\ntriggers: ./triggers\nchannels:\n  SMPP1: { type: smpp-client, host: 127.0.0.1, port: 9, systemId: x, password: x }\n`;
  await writeFile(join(place, "signalbox.yaml"), config);
  await using esme = await customer(gateway);
  const texts = ["Hello", "Привет", "x".repeat(200)];
  ids = (
    await Promise.all(texts.map((text) => esme.submit({ from, to, text, registeredDelivery: 1 })))
  ).map(({ messageId }) => messageId);
  // Without a report: its life ends with what the provider answered.
  assert.equal((await esme.submit({ from, to, text: "No report" })).status, 0);
  await gateway.provider.inject(smsOf({ from: to, to: "+31600000000", text: "To nobody" }));
  await esme.delivered(3);
  await gateway.running.settled();
});

after(() => gateway[Symbol.asyncDispose]());

const changedShape = z.object({
  id: z.string(),
  kind: z.string(),
  from: z.string(),
  to: z.string(),
  before: z.array(z.string()),
  after: z.array(z.string()),
  why: z.string().optional(),
});
const viewShape = z.object({
  candidate: z.string(),
  events: z.int(),
  same: z.int(),
  changed: z.array(changedShape),
  unsure: z.array(changedShape),
});

function run(...args: string[]): Promise<Said> {
  return signalbox(["--config", join(place, "signalbox.yaml"), ...args]);
}

async function replay(...args: string[]): Promise<z.infer<typeof viewShape>> {
  const said = await run("--json", "trigger", "replay", ...args);
  assert.equal(said.code, 0, said.err + said.out);
  return viewShape.parse(JSON.parse(said.out));
}

async function candidate(name: string, text: string): Promise<string> {
  await mkdir(join(place, "candidates"), { recursive: true });
  await writeFile(join(place, "candidates", name), text);
  return join(place, "candidates", name);
}

test("the same triggers decide all that is recorded in the same way: messages, reports and statuses", async () => {
  const view = await replay("--last", "100");
  assert.deepEqual(view.changed, []);
  assert.deepEqual(view.unsure, []);
  // Three messages with a report and a status each, one without, and one that came in.
  assert.equal(view.same, view.events);
  assert.ok(view.events >= 11, String(view.events));
});

test("a candidate is told by what it would decide of each event, with the answers of then", async () => {
  const file = await candidate(
    "forward.ts",
    `import { onMessage } from "signalbox";
     export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
       message.forward({ channel: message.text === "Hello" ? "SMPP2" : "SMPP1" });
     });`,
  );
  const view = await replay("--last", "100", "--candidate", file);
  assert.deepEqual(
    view.changed.map(({ id, kind, before: was, after: is }) => ({ id, kind, was, is })),
    [
      {
        id: ids[0],
        kind: "message",
        was: ["accepted", "charged 1", `forwarded to SMPP1/Test1 ${from} → ${to} "Hello"`],
        is: ["accepted", "charged 1", `forwarded to SMPP2/Test1 ${from} → ${to} "Hello"`],
      },
    ],
  );
  assert.equal(view.same + 1, view.events);
  const said = await run("trigger", "replay", "--candidate", file, "--expect-same");
  assert.equal(said.code, 1);
  assert.match(said.out, /1 changed, 0 cannot be told/);
});

test("a call that was not made then cannot be told", async () => {
  const file = await candidate(
    "receive-forward.ts",
    `import { onMessage } from "signalbox";
     export const RECVFWD = onMessage({ channels: ["SMPP1"] }, async (message, { accounts }) => {
       const owner = await accounts.byNumber(message.from);
       if (owner === undefined) message.fail("nobody's");
     });`,
  );
  const view = await replay("--candidate", file);
  assert.deepEqual(view.changed, []);
  assert.deepEqual(
    view.unsure.map(({ why }) => why),
    ["RECVFWD called accounts.byNumber with other arguments, or more often"],
  );
});

test("a life is exported as a file, and the file decided again without a gateway", async () => {
  const id = ids[0] ?? "";
  const file = join(place, "life.json");
  const said = await run("trace", "export", id, "--to", file);
  assert.equal(said.code, 0, said.err);
  const events = readEventFile(await readFile(file, "utf8"), file);
  assert.deepEqual(
    events.map(({ request }) => request.kind),
    ["message", "report", "status"],
  );
  const view = await replay("--file", file);
  assert.deepEqual([view.events, view.same], [3, 3]);
  const again = await run("trace", "export", id, "--to", file);
  assert.equal(again.code, 1);
  assert.match(again.err, /life\.json is there already/);
});

test("a file of another version, a cut one and one that is not there are told by name", async () => {
  const told = async (name: string, text: string | undefined) => {
    const file = join(place, name);
    if (text !== undefined) await writeFile(file, text);
    const { err, code } = await run("trigger", "replay", "--file", file);
    assert.notEqual(code, 0);
    return err.replaceAll(place, "");
  };
  assert.match(
    await told("v2.json", '{"signalbox": 2, "kind": "message"}'),
    /\/v2\.json is of version 2; this Signalbox reads 1/,
  );
  assert.match(
    await told("cut.json", '[{"signalbox": 1, "kind"'),
    /\/cut\.json ends in the middle/,
  );
  assert.match(await told("none.json", undefined), /\/none\.json is not there/);
});

test("a candidate with a fault is told with its place, and nothing is replayed", async () => {
  const file = await candidate("forward.ts", "export const FWD = onMessage({}, () => {});");
  const { err, code } = await run("trigger", "replay", "--candidate", file);
  assert.equal(code, 1);
  assert.match(err, /forward\.ts/);
  assert.match(err, /Nothing was replayed/);
});

test("what a trigger asked and was told is in the trace", async () => {
  const { body } = await askAdmin<LifeView[]>(
    gateway.running.admin.socket,
    "GET",
    `/v1/lives/${encodeURIComponent("+31600000000")}`,
  );
  const calls = body[0]?.entries[0]?.log.filter(({ what }) => what === "call");
  assert.deepEqual(
    calls?.map(({ facts }) => facts),
    [
      {
        trigger: "RECVFWD",
        version: 1,
        call: "accounts.byNumber",
        args: '["+31600000000"]',
        answer: "null",
      },
    ],
  );
});

test("events are of one life, of an account, or of the last messages", async () => {
  const count = async (query: string) => {
    const { body } = await askAdminLines(`/v1/events?${query}`);
    return body;
  };
  assert.deepEqual(await count(`message=${ids[1]}`), { end: { messages: 1, events: 3 } });
  assert.deepEqual(await count("account=Test2"), { end: { messages: 0, events: 0 } });
  assert.deepEqual(await count("last=1"), { end: { messages: 1, events: 1 } });
  assert.deepEqual(await count(`sinceMs=${Date.now() + 1_000}`), {
    end: { messages: 0, events: 0 },
  });
});

/** The last line of a streamed answer. */
async function askAdminLines(path: string): Promise<{ readonly body: unknown }> {
  const { request } = await import("node:http");
  const { text } = await import("node:stream/consumers");
  const socketPath = gateway.running.admin.socket;
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      text(response).then((all) => {
        resolve({ body: JSON.parse(all.trimEnd().split("\n").at(-1) ?? "") });
      }, reject);
    })
      .on("error", reject)
      .end();
  });
}
