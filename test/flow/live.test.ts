// The configuration changes while the gateway runs: by a save of the file, and by the admin API. One
// gateway for all, as it is in life; each test leaves it with two providers bound.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { load } from "../../src/config/load.ts";
import { type Running, start } from "../../src/main.ts";
import type {
  ChannelView,
  ConfigPlanView,
  ConfigTextView,
  ConfigVersionView,
  QueueView,
  SessionView,
  StatusView,
} from "../../src/model/view.ts";
import { settingsSchema } from "../../src/settings.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { COMMAND } from "../../src/smpp/command.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { freshDatabase } from "../support/database.ts";
import { type RecorderLog, recorderLog } from "../support/log.ts";
import { type RecordingSmsc, startRecordingSmsc } from "../support/recording-smsc.ts";

const FORWARD = `import { onMessage } from "signalbox";

/** Passes a message to the channel that its text names, or to the default one. */
export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, async (message, { channels }) => {
  message.accept({});
  const named = message.text === "default" ? await channels.default() : message.text;
  const settings = await channels.settings(named ?? "ONE");
  message.trace(JSON.stringify([named, settings?.default]));
  message.forward({ channel: named ?? "" });
});
`;

const all = new AsyncDisposableStack();
let running: Running;
let log: RecorderLog;
let file: string;
let one: RecordingSmsc;
let two: RecordingSmsc;
/** The file as it is at the beginning of each test. */
let standard: string;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-live-"));
  all.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "forward.ts"), FORWARD);
  await writeFile(
    join(folder, "bind.ts"),
    await readFile(new URL("../../triggers/bind.ts", import.meta.url)),
  );
  const database = all.use(await freshDatabase());
  one = all.use(await startRecordingSmsc());
  two = all.use(await startRecordingSmsc());
  file = join(folder, "signalbox.yaml");
  standard = `# Kept by hand.
example: true
data: ./data
triggers: .
database: { url: "${database.url}" }
channels:
  SMPP_SERVER1: { type: smpp-server, address: [127.0.0.1], port: 0 }
  ONE: # the first
    type: smpp-client
    host: 127.0.0.1:${one.port}   # our best
    systemId: us
    password: \${LIVE_PASSWORD}
    binds: 2
    reconnectMs: 20
  TWO:
    type: smpp-client
    host: 127.0.0.1:${two.port}
    systemId: us
    password: literal
`;
  process.env["LIVE_PASSWORD"] = "from-env";
  await writeFile(file, standard);
  const read = load({ path: file, schema: settingsSchema, env: process.env });
  if ("faults" in read) assert.fail(JSON.stringify(read.faults));
  log = recorderLog(linesThatTell());
  running = await start(read.settings, { base: folder, file, log });
  all.defer(() => running.stop());
});

after(() => all.disposeAsync());

const looking = new Set<() => void>();

/** The lines of a log, of which each new one is told to who waits for one. */
function linesThatTell(): Record<string, unknown>[] {
  return new Proxy<Record<string, unknown>[]>([], {
    set(lines, at, value) {
      const isSet = Reflect.set(lines, at, value);
      for (const look of looking) look();
      return isSet;
    },
  });
}

beforeEach(async () => {
  await put(standard);
  await Promise.all([bound(one, 2), bound(two, 1)]);
});

const bound = (smsc: RecordingSmsc, sessions: number) =>
  smsc.until((now) => now.bound === sessions);

async function ask<T>(method: "GET" | "POST" | "PUT" | "PATCH", path: string, body?: unknown) {
  const { status, body: answer } = await askAdmin<T>(running.admin.socket, method, path, body);
  assert.ok(status < 300, `${status} ${JSON.stringify(answer)}`);
  return answer;
}

async function refused(method: "PUT" | "PATCH" | "POST", path: string, body?: unknown) {
  const { status, body: answer } = await askAdmin<Refusal>(
    running.admin.socket,
    method,
    path,
    body,
  );
  return { status, ...answer };
}

function put(text: string): Promise<ConfigPlanView> {
  return ask("PUT", "/v1/config", { text });
}

async function channelOf(name: string): Promise<ChannelView | undefined> {
  return (await ask<ChannelView[]>("GET", "/v1/channels")).find((found) => found.name === name);
}

async function sessionsOf(name: string): Promise<string[]> {
  const sessions = await ask<SessionView[]>("GET", "/v1/sessions");
  return sessions.flatMap(({ id, channel }) => (channel === name ? id : [])).toSorted();
}

/** Saves the file as an editor does, and waits until the gateway has told what it made of it. */
async function save(text: string): Promise<void> {
  const told = log.lines.length;
  await writeFile(file, text);
  await logged((line, at) => at >= told && outcomes.has(String(line["text"])));
}

const outcomes = new Set(["a changed configuration is in force", "the file has a fault"]);

/** Resolves when the log holds such a line. */
function logged(is: (line: Record<string, unknown>, at: number) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!log.lines.some(is)) return;
      looking.delete(look);
      resolve();
    };
    looking.add(look);
    look();
  });
}

async function submit(texts: readonly string[]): Promise<void> {
  const port = running.channels.get("SMPP_SERVER1")?.ports()[0] ?? 0;
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
  });
  for (const text of texts) {
    const { status } = await esme.submit({ from: "+15550001111", to: "+15552223333", text });
    assert.equal(status, 0);
  }
}

test("[C01] [C03] [C04] [W01] [Y01] [Y13] each provider is bound with its own credentials and gets what is for it", async () => {
  assert.deepEqual(
    [one.binds.at(-1), two.binds.at(-1)].map((bind) => [bind?.systemId, bind?.password]),
    [
      ["us", "from-env"],
      ["us", "literal"],
    ],
  );
  const before = [one.messages.length, two.messages.length] as const;
  await submit(["TWO"]);
  await two.until(({ messages }) => messages.length === before[1] + 1);
  assert.equal(one.messages.length, before[0]);
});

test("[C10] each line about a channel of SMPP carries its tag", () => {
  const lines = log.lines.filter(({ channel }) => channel === "ONE" || channel === "TWO");
  assert.ok(lines.length > 0);
  assert.deepEqual(
    lines.filter(({ tag, part }) => tag !== "SMPP" && part === undefined),
    [],
  );
});

test("[W15] sending and receiving can be two channels, each with a bind of its own", async () => {
  const group = "PROVIDER";
  await ask("PATCH", "/v1/channels/ONE", { bindType: "transmitter", binds: 1, group });
  const host = `127.0.0.1:${one.port}`;
  await ask("PATCH", "/v1/channels/TWO", { bindType: "receiver", host, group });
  await one.until(({ bound: sessions }) => sessions === 2);
  const types = one.binds.slice(-2).map(({ bindType }) => bindType);
  assert.deepEqual(types.toSorted(), ["receiver", "transmitter"]);
  const before = one.messages.length;
  await submit(["ONE"]);
  await one.until(({ messages }) => messages.length === before + 1);
});

test("[W17] [C35] a saved file is in force at once, and only what it changes is bound anew", async () => {
  const other = await sessionsOf("ONE");
  await using third = await startRecordingSmsc();
  await save(standard.replace(`:${two.port}`, `:${third.port}`).replace("literal", "renewed"));
  await bound(third, 1);
  assert.equal(third.binds[0]?.password, "renewed");
  assert.equal(two.bound, 0);
  assert.ok(two.pdus.some(({ id }) => id === COMMAND.unbind));
  assert.deepEqual(await sessionsOf("ONE"), other, "the other channel keeps its sessions");
});

test("[W16] a provider never sees more binds than the channel has, however often it is made anew", async () => {
  for (const systemType of ["A", "B", "C"]) {
    await ask("PATCH", "/v1/channels/ONE", { systemType });
    await bound(one, 2);
    assert.equal(one.binds.at(-1)?.systemType, systemType);
  }
  assert.equal(one.boundMost, 2);
});

test("messages that come while a channel is made anew wait for it and go out once", async () => {
  const before = two.messages.length;
  const anew = ask("PATCH", "/v1/channels/TWO", { systemType: "X" });
  await submit(["TWO", "TWO", "TWO"]);
  await anew;
  await two.until(({ messages }) => messages.length >= before + 3);
  await running.settled();
  assert.equal(two.messages.length, before + 3);
});

test("[C15] a file with faults changes nothing, and each fault is told with its place", async () => {
  const sessions = [await sessionsOf("ONE"), await sessionsOf("TWO")];
  await save(`${standard}  TWO: { type: smpp-client }\n`);
  const status = await ask<StatusView>("GET", "/v1/status");
  const wanted = /^signalbox\.yaml:\d+:3: the same key stands here twice/;
  assert.match(status.config?.faults[0] ?? "", wanted);
  assert.ok(status.troubles.some((text) => /has faults, so version \d+ stays in force/.test(text)));
  assert.ok(log.lines.some(({ level, fault }) => level === "error" && wanted.test(String(fault))));
  assert.deepEqual([await sessionsOf("ONE"), await sessionsOf("TWO")], sessions);
  await put(standard);
  assert.deepEqual((await ask<ConfigTextView>("GET", "/v1/config")).faults, []);
});

test("[C15] one channel may be the default one, which triggers find at once; a second one is refused", async () => {
  const sessions = [await sessionsOf("ONE"), await sessionsOf("TWO")];
  for (const [name, smsc] of [
    ["ONE", one],
    ["TWO", two],
  ] as const) {
    await ask("PATCH", `/v1/channels/${name}`, { default: true });
    const before = smsc.messages.length;
    await submit(["default"]);
    await smsc.until(({ messages }) => messages.length === before + 1);
    const other = name === "ONE" ? "TWO" : "ONE";
    const second = await refused("PATCH", `/v1/channels/${other}`, { default: true });
    assert.deepEqual([second.status, second.code], [422, "bad_configuration"]);
    // The one that stands first in the file is taken for the one that has it already.
    assert.match(
      second.message,
      /channels\.TWO\.default must not be true because it is of ONE already/,
    );
    await ask("PATCH", `/v1/channels/${name}`, { default: false });
  }
  assert.deepEqual([await sessionsOf("ONE"), await sessionsOf("TWO")], sessions);
});

test("[C17] [Y04] [Y14] a channel that is switched off unbinds, stays listed and comes back", async () => {
  const binds = two.binds.length;
  await save(standard.replace("password: literal", "password: literal\n    enabled: false"));
  await bound(two, 0);
  assert.ok(two.pdus.some(({ id }) => id === COMMAND.unbind));
  const listed = await channelOf("TWO");
  assert.deepEqual([listed?.state, listed?.sessions], ["off", 0]);
  assert.match(listed?.detail ?? "", /switched off/);
  const status = await ask<StatusView>("GET", "/v1/status");
  assert.ok(!status.troubles.some((text) => text.includes("TWO")));
  assert.equal(two.binds.length, binds, "nobody has tried to bind again");
  await ask("PATCH", "/v1/channels/TWO", { enabled: true });
  await bound(two, 1);
});

test("[Y04] a server channel that is switched off closes its port", async () => {
  const port = running.channels.get("SMPP_SERVER1")?.ports()[0] ?? 0;
  await ask("PATCH", "/v1/channels/SMPP_SERVER1", { enabled: false });
  await assert.rejects(
    connectEsme({ host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1" }),
  );
});

test("[A49] a description is changed while the sessions stay", async () => {
  const sessions = await sessionsOf("TWO");
  const plan = await ask<ConfigPlanView>("PATCH", "/v1/channels/TWO", { description: "Second" });
  assert.deepEqual(
    plan.channels.map(({ channel, what }) => [channel, what]),
    [["TWO", "adjust"]],
  );
  assert.equal((await channelOf("TWO"))?.description, "Second");
  assert.deepEqual(await sessionsOf("TWO"), sessions);
});

test("[Y03] the API changes the file and keeps its comments, its references and its history", async () => {
  const before = await ask<ConfigVersionView[]>("GET", "/v1/config/versions");
  const plan = await ask<ConfigPlanView>("PATCH", "/v1/channels/ONE", {
    windowRequests: 7,
    "reports.waitMs": 60_000,
    password: "${LIVE_PASSWORD:-none}",
  });
  assert.deepEqual(
    plan.changes.map(({ path, before: was, after: is }) => [path, was, is]),
    [
      ["channels.ONE.reports.waitMs", 259_200_000, 60_000],
      ["channels.ONE.windowRequests", 10, 7],
    ],
  );
  const text = await readFile(file, "utf8");
  for (const kept of ["# Kept by hand.", "# the first", "# our best", "${LIVE_PASSWORD:-none}"])
    assert.ok(text.includes(kept), kept);
  const [newest, previous] = await ask<ConfigVersionView[]>("GET", "/v1/config/versions");
  assert.deepEqual([newest?.by, previous?.number], ["night", before[0]?.number]);
  const back = `/v1/config/versions/${previous?.number}/restore`;
  await ask("POST", back);
  assert.equal(await readFile(file, "utf8"), standard);
  const unknown = await refused("POST", "/v1/config/versions/999999/restore");
  assert.deepEqual([unknown.status, unknown.code], [404, "unknown_version"]);
});

test("[Y03] what the API is given is checked first, and a refusal leaves the file alone", async () => {
  const bad = await refused("PATCH", "/v1/channels/ONE", { bindz: 3 });
  assert.deepEqual([bad.status, bad.code], [422, "bad_configuration"]);
  assert.match(bad.message, /signalbox\.yaml:\d+:\d+: channels\.ONE\.bindz /);
  assert.match((await refused("PUT", "/v1/config", { text: "channels: {" })).message, /YAML/);
  const none = await refused("PATCH", "/v1/channels/NINE", { host: "x" });
  assert.deepEqual([none.status, none.code], [422, "unknown_channel"]);
  assert.equal(await readFile(file, "utf8"), standard);
});

test("a plan tells what would change and changes nothing; no answer holds a secret", async () => {
  const { version, text } = await ask<ConfigTextView>("GET", "/v1/config");
  assert.ok(text.includes("${LIVE_PASSWORD}") && text.includes('password: "***"'));
  const next = text.replace("  TWO:", "  THREE:").replace("systemId: us", "systemId: me");
  const refusal = await refused("POST", "/v1/config/plan", { text: next });
  assert.match(refusal.message, /channels\.THREE\.password is \*\*\*/);
  const given = next.replace('password: "***"', "password: newest");
  const plan = await ask<ConfigPlanView>("POST", "/v1/config/plan", { text: given });
  assert.deepEqual(
    plan.channels.map(({ channel, what }) => `${what} ${channel}`),
    ["reopen ONE", "close TWO", "open THREE"],
  );
  for (const secret of ["literal", "newest", "from-env"])
    assert.ok(!JSON.stringify([text, plan]).includes(secret), secret);
  assert.equal(plan.version, version);
  // What was shown can be put back as it is.
  assert.deepEqual((await put(text)).changes, []);
});

test("a removed channel leaves its queue, which is told; its messages go when it is there again", async () => {
  const before = two.messages.length;
  await askAdmin(running.admin.socket, "POST", "/v1/channels/TWO/pause");
  await submit(["TWO"]);
  const plan = await put(standard.slice(0, standard.indexOf("  TWO:")));
  assert.deepEqual(
    plan.channels.map(({ channel, what, queued }) => [channel, what, queued]),
    [["TWO", "close", 1]],
  );
  assert.ok(log.lines.some(({ text }) => text === "messages wait for a closed channel"));
  const queues = await ask<QueueView[]>("GET", "/v1/queues");
  assert.equal(queues.find(({ name }) => name === "TWO")?.rows, 1);
  await put(standard);
  await askAdmin(running.admin.socket, "POST", "/v1/channels/TWO/resume");
  await two.until(({ messages }) => messages.length === before + 1);
});

test("a channel that cannot be opened as the file says goes on as before, and is told", async () => {
  const sessions = await sessionsOf("TWO");
  const plan = await ask<ConfigPlanView>("PATCH", "/v1/channels/TWO", {
    sourceAddress: "192.0.2.1",
  });
  assert.match(plan.channels[0]?.failed ?? "", /not an address of this host/);
  assert.deepEqual(await sessionsOf("TWO"), sessions);
  const status = await ask<StatusView>("GET", "/v1/status");
  assert.ok(status.troubles.some((text) => /goes on as before: TWO: /.test(text)));

  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const at = other.address();
  const taken = at !== null && typeof at === "object" ? at.port : 0;
  const server = await ask<ConfigPlanView>("PATCH", "/v1/channels/SMPP_SERVER1", { port: taken });
  other.close();
  assert.match(
    server.channels.find(({ channel }) => channel === "SMPP_SERVER1")?.failed ?? "",
    /./,
  );
  await submit(["ONE"]);
});

test("what needs a restart is named, and the rest is in force", async () => {
  await save(`${standard}drainMs: 5000\n`.replace("literal", "other"));
  const { restart } = await ask<ConfigTextView>("GET", "/v1/config");
  assert.deepEqual(restart, ["drainMs"]);
  const status = await ask<StatusView>("GET", "/v1/status");
  assert.ok(status.troubles.some((text) => /need a restart to be in force: drainMs/.test(text)));
  await two.until(({ binds }) => binds.at(-1)?.password === "other");
});
