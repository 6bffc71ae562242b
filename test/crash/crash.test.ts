/**
 * Goal: whatever is killed in mid-load, nothing that was accepted is lost, credits are exact, and all
 * goes on by itself. Method: the gateway as a process of its own between our simulator's two ends; a
 * customer who never stops sending and notes what was accepted; kill -9; then count at the provider and
 * in the database. `npm run test:long` does twenty rounds of each.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AccountView, MessageView } from "../../src/model/view.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import {
  type GatewayProcess,
  freePort,
  startGatewayProcess,
  until,
} from "../support/gateway-process.ts";

const rounds = process.env["SIGNALBOX_ROUNDS"] === "long" ? 20 : 2;

/** Messages accepted before each kill, and again after it. */
const messagesPerRound = 500;

/** Everything has to go on by itself within this time. */
const recoveryMs = 30_000;

const credits = 10_000_000;

test("kill -9 of the gateway in mid-load: nothing accepted is lost, credits are exact, what was in flight is listed", (context) =>
  crash(context.diagnostic.bind(context), async (gateway) => {
    await gateway.kill();
    await gateway.restart();
    await gateway.untilUp();
  }));

test("kill -9 of the trigger host in mid-load: all goes on by itself, nothing is lost or charged twice", (context) =>
  crash(context.diagnostic.bind(context), async (gateway, round) => {
    const hosts = triggerHosts(gateway.pid);
    assert.ok(hosts.length > 0, "there is a trigger host");
    // The first rounds kill the one that works; then its spare as well.
    for (const pid of round % 2 === 0 ? hosts.slice(0, 1) : hosts) process.kill(pid, "SIGKILL");
  }));

test("kill -9 of PostgreSQL in mid-load: it is started again, nothing is lost or charged twice", (context) =>
  crash(context.diagnostic.bind(context), async (gateway) => {
    const file = join(gateway.dataDirectory, "postgres", "postmaster.pid");
    process.kill(Number(readFileSync(file, "utf8").split("\n")[0]), "SIGKILL");
  }));

async function crash(
  tell: (line: string) => void,
  kill: (gateway: GatewayProcess, round: number) => Promise<void>,
): Promise<void> {
  // The simulator remembers only the last messages, so each is counted as it comes.
  const received = new Map<string, number>();
  await using provider = await startSmsc({
    host: "127.0.0.1",
    port: 0,
    watch(event) {
      if (event.what !== "message") return;
      const text = event.taken.sms.octets.toString();
      received.set(text, (received.get(text) ?? 0) + 1);
    },
  });
  const port = await freePort();
  await using gateway = await startGatewayProcess({
    example: true,
    channels: {
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: provider.port,
        systemId: "signalbox",
        password: "simulator",
        windowRequests: 50,
        reconnectMs: 50,
      },
    },
  });
  await gateway.untilUp();
  await gateway.api("POST", "/v1/accounts/Test1/credit", { add: credits - 100 });
  const load = startLoad(port);
  try {
    for (let round = 0; round < rounds; round += 1) {
      await load.accepted(messagesPerRound);
      const killedMs = performance.now();
      await kill(gateway, round);
      await load.accepted(1);
      tell(
        `round ${round + 1}: accepting again after ${Math.round(performance.now() - killedMs)} ms`,
      );
      await load.accepted(messagesPerRound);
    }
  } finally {
    await load.stop();
  }
  const accepted = await load.stop();

  const isEmpty = async (): Promise<boolean> =>
    (await gateway.channels()).every(({ queued, inFlight }) => queued === 0 && inFlight === 0);
  assert.ok(await until(isEmpty, recoveryMs), `the queues are empty again\n${gateway.output()}`);
  const lost = [...accepted.keys()].filter((text) => !received.has(text));
  assert.deepEqual(lost, [], "accepted and never passed on");

  const stored = await allMessages(gateway);
  const taken = stored.filter(({ direction, error }) => direction === "in" && error === undefined);
  const ids = new Set(taken.map(({ id }) => id));
  assert.deepEqual(
    [...accepted.values()].filter((id) => !ids.has(id)),
    [],
    "accepted and not stored",
  );
  const accounts = (await gateway.api("GET", "/v1/accounts")) as AccountView[];
  const left = accounts.find(({ id }) => id === "Test1")?.credits ?? 0;
  assert.equal(credits - left, taken.length, "one credit for each message that was taken");
  const doubled = [...received].filter(([, times]) => times > 1).map(([text]) => text);
  const listed = new Set(stored.filter(({ maybeTwice }) => maybeTwice).map(({ text }) => text));
  assert.deepEqual(
    doubled.filter((text) => !listed.has(text)),
    [],
    "sent twice and not marked",
  );
  tell(`${accepted.size} accepted, 0 lost, ${doubled.length} sent twice, ${listed.size} marked`);
}

interface Load {
  /** Resolves when so many more have been accepted. */
  accepted(more: number): Promise<void>;
  /** Sends no more, waits for the answers, gives text and id of all that were accepted. */
  stop(): Promise<ReadonlyMap<string, string>>;
}

/** A customer who always has 50 messages under way and binds again whenever he is cut off. */
function startLoad(port: number): Load {
  const done = new Map<string, string>();
  const waiting: { readonly size: number; resolve(): void }[] = [];
  let stopping = false;
  let next = 0;

  async function connected(): Promise<Esme | undefined> {
    const options = { host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1" };
    try {
      const esme = await connectEsme({ ...options, windowRequests: 50, responseTimeoutMs: 20_000 });
      return esme.bindStatus === 0 ? esme : undefined;
    } catch {
      return undefined; // Nobody is there yet.
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      const esme = await connected();
      if (esme === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      await Promise.all(Array.from({ length: 50 }, () => submitUntilGone(esme)));
      await esme.unbind();
    }
  }

  async function submitUntilGone(esme: Esme): Promise<void> {
    while (!stopping) {
      const text = `m${(next += 1)}`;
      const answer = await esme.submit({ from: "+31201234567", to: "+31612345678", text });
      if (answer.status === undefined) return;
      if (answer.status !== 0) continue;
      done.set(text, answer.messageId);
      while ((waiting[0]?.size ?? Infinity) <= done.size) waiting.shift()?.resolve();
    }
  }

  const ended = run();
  return {
    accepted(more) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ size: done.size + more, resolve });
      const limit = setTimeout(
        () => reject(new Error(`not ${more} more accepted in ${recoveryMs} ms`)),
        recoveryMs,
      );
      return promise.finally(() => clearTimeout(limit));
    },
    async stop() {
      stopping = true;
      await ended;
      return done;
    },
  };
}

/** Every row, page by page. */
async function allMessages(gateway: GatewayProcess): Promise<readonly MessageView[]> {
  const all: MessageView[] = [];
  for (let before = ""; ;) {
    const page = (await gateway.api("GET", `/v1/messages?limit=1000${before}`)) as MessageView[];
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < 1_000) return all;
    before = `&before=${last.id}`;
  }
}

/** Processes that the gateway has started to run scripts in, the oldest first. */
function triggerHosts(gateway: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
        return parent === gateway && command.includes("--permission");
      } catch {
        return false; // It ended between the listing and the look.
      }
    })
    .sort((one, other) => one - other);
}
