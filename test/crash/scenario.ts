import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { AccountView } from "../../src/model/account-view.ts";
import type { MessageView } from "../../src/model/view.ts";
import type { Smsc } from "../../src/simulator/smsc.ts";
import { type CutProxy, startCutProxy } from "../store/cut-proxy.ts";
import { freshDatabase } from "../support/database.ts";
import { type GatewayProcess, until } from "../support/gateway-process.ts";
import { type Load, startLoad } from "../support/load.ts";
import { siteCredits, startCountingProvider, startSite } from "../support/site.ts";
import { type SilentProxy, startSilentProxy } from "../support/silent-proxy.ts";

/** `npm run test:long` does each blow twenty times, `npm test` twice. */
const isLong = process.env["SIGNALBOX_ROUNDS"] === "long";
const rounds = isLong ? 20 : 2;

/** Messages accepted before each blow, and again after it. */
const messagesPerRound = isLong ? 500 : 150;

/** ms. Everything has to go on by itself within this time; a crowded machine is slow, not stuck. */
export const recoveryMs = 60_000;

/** ms. A silent peer is found after both together; the defaults, 30 s and 60 s, would only be waited for. */
const silence = { enquireLinkMs: 300, responseTimeoutMs: 1_500 };

/** ms. Each blow falls at another moment of what a batch of messages goes through. */
const momentMs = 25;

interface LedgerChecked {
  readonly checked: {
    readonly faults: readonly string[];
    readonly committed: string;
    readonly held: string;
  };
}

/** A whole gateway under load, and all that can be broken around it. */
export interface Stage {
  readonly gateway: GatewayProcess;
  readonly provider: Smsc;
  readonly load: Load;
  /** Between the gateway and the provider. */
  readonly toProvider: SilentProxy;
  /** Between the customer and the gateway. */
  readonly toCustomer: SilentProxy;
  /** Between the gateway and its PostgreSQL; undefined with the embedded one. */
  readonly toDatabase: CutProxy | undefined;
}

export interface Blow {
  /** Its row in docs/reliability.md. */
  readonly what: string;
  /** PostgreSQL of the test's own behind a proxy, instead of the embedded one. */
  readonly databaseBehindProxy?: boolean;
  /** Of the connection to the peer that falls silent. */
  readonly silent?: "provider" | "customer";
  /** Messages a second, where the blow lasts for seconds; as many as go through when left out. */
  readonly rate?: number;
  /** Nothing may be sent twice, not even listed. */
  readonly doublesNothing?: boolean;
  /** Done in mid-load. What it gives is when it was over (`performance.now()`); the call, if nothing. */
  strike(stage: Stage, round: number): Promise<number | void>;
  /** Resolves when all goes on; that a new message is accepted, if left out. */
  recovered?(stage: Stage): Promise<void>;
}

/**
 * The gateway as a process of its own between our simulator's two ends, and a customer who never stops
 * sending, wants reports, and notes what was accepted. After the blows all is counted at the provider,
 * at the customer and in the database. Prints its row of docs/reliability.md.
 */
export async function prove(context: TestContext, blow: Blow): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { provider, received } = stack.use(await startCountingProvider({ retryDelayMs: 200 }));
  const toProvider = stack.use(await startSilentProxy(() => provider.port));
  const database = blow.databaseBehindProxy ? stack.use(await freshDatabase()) : undefined;
  const toDatabase = database && stack.use(await startCutProxy(database.url));
  const { gateway, port } = stack.use(
    await startSite({
      providerPort: toProvider.port,
      server: blow.silent === "customer" ? silence : {},
      client: blow.silent === "provider" ? silence : {},
      settings: toDatabase === undefined ? {} : { database: { url: toDatabase.url } },
    }),
  );
  const toCustomer = stack.use(await startSilentProxy(() => port));
  const passed = { all: false };
  stack.defer(() => {
    if (!passed.all) context.diagnostic(gateway.output());
  });
  await gateway.untilUp();
  const load = stack.use(
    startLoad({
      port: toCustomer.port,
      patienceMs: recoveryMs,
      ...(blow.rate === undefined ? {} : { rate: blow.rate }),
    }),
  );
  const stage: Stage = { gateway, provider, load, toProvider, toCustomer, toDatabase };

  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await load.more(messagesPerRound);
    await pause(Math.random() * momentMs);
    const calledMs = performance.now();
    const overMs = (await blow.strike(stage, round)) ?? calledMs;
    await (blow.recovered === undefined ? load.again() : blow.recovered(stage));
    recoveries.push(performance.now() - overMs);
    await load.more(messagesPerRound);
  }
  await load.quiet();

  const { accepted, reported } = load;
  const isEmpty = async (): Promise<boolean> =>
    (await gateway.channels()).every(({ queued, inFlight }) => queued === 0 && inFlight === 0);
  const isReported = (): boolean => [...accepted.values()].every((id) => reported.has(id));
  const isDone = async (): Promise<boolean> => isReported() && (await isEmpty());
  const done = await until(isDone, recoveryMs);

  const stored = await allMessages(gateway);
  const lost = [...accepted.keys()].filter((text) => !received.has(text));
  assertNone(lost, "accepted and never passed on");
  const taken = stored.filter(
    ({ kind, direction, error }) => kind === "sms" && direction === "in" && error === undefined,
  );
  const ids = new Set(taken.map(({ id }) => id));
  const notStored = [...accepted.values()].filter((id) => !ids.has(id));
  assertNone(notStored, "accepted and not stored");
  const unreported = [...accepted.values()].filter((id) => !reported.has(id));
  assertNone(unreported, "accepted and never reported");
  assert.ok(done, "the queues are empty again");

  const accounts = (await gateway.api("GET", "/v1/accounts")) as AccountView[];
  const left = accounts.find(({ id }) => id === "Test1")?.credits ?? 0;
  assert.equal(siteCredits - left, taken.length, "one credit for each message that was taken");
  const { checked } = (await gateway.api("POST", "/v1/ledger/checks", {})) as LedgerChecked;
  assertNone([...checked.faults], "an account that does not add up");
  assert.equal(Number(checked.committed), taken.length, "accepted - refunded = committed");
  assert.equal(Number(checked.held), 0, "nothing is held for ever");

  const marked = stored.filter(({ maybeTwice }) => maybeTwice);
  const listed = new Set(marked.filter(({ kind }) => kind === "sms").map(({ text }) => text));
  const doubled = [...received].filter(([, times]) => times > 1).map(([text]) => text);
  const unlisted = doubled.filter((text) => !listed.has(text));
  assertNone(unlisted, "sent twice and not listed as uncertain");

  const listedReports = new Set(
    marked.filter(({ kind }) => kind === "report").map(({ root }) => root),
  );
  const reportedTwice = [...reported].filter(([, times]) => times > 1).map(([id]) => id);
  const unlistedReports = reportedTwice.filter((id) => !listedReports.has(id));
  assertNone(unlistedReports, "reported twice and not listed as uncertain");
  if (blow.doublesNothing) {
    assertNone([...doubled, ...reportedTwice], "nothing is doubled");
    assertNone([...listed, ...listedReports], "nothing is uncertain");
  }

  passed.all = true;
  const cells = [
    blow.what,
    rounds,
    accepted.size,
    lost.length + unreported.length,
    `${doubled.length} of ${listed.size} listed`,
    `${reportedTwice.length} of ${listedReports.size} listed`,
    `${Math.round(median(recoveries))} / ${Math.round(Math.max(...recoveries))}`,
  ];
  context.diagnostic(`| ${cells.join(" | ")} |`);
}

/** Thousands may be wrong at once: how many, and the first of them, is what one can read. */
function assertNone(found: readonly (string | undefined)[], what: string): void {
  assert.equal(
    found.length,
    0,
    `${what}: ${found.length}, such as ${found.slice(0, 3).join(", ")}`,
  );
}

/** Every row, page by page. */
async function allMessages(gateway: GatewayProcess): Promise<readonly MessageView[]> {
  const all: MessageView[] = [];
  for (let before = ""; ;) {
    const page = (await gateway.api("GET", `/v1/messages?limit=1000${before}`)) as MessageView[];
    all.push(...page);
    // A report that came in is no row, so no page can begin behind it.
    const last = page.findLast(({ kind, direction }) => kind !== "report" || direction === "out");
    if (last === undefined) return all;
    before = `&before=${last.id}`;
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}
