/**
 * Goal: nothing grows with time. Method: a steady load with reports for an hour, with all that a day
 * brings: triggers saved anew, customer and provider who come and go, a retention run. Then memory,
 * rows and credits are counted. Only `npm run test:long` does it.
 *
 * SIGNALBOX_SOAK_MINUTES (60) and SIGNALBOX_SOAK_RATE (2,000 messages a second) make it another one.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { AccountView } from "../../src/model/account-view.ts";
import type { TriggerView } from "../../src/model/view.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/gateway-process.ts";
import { residentMib, siteCredits, startSite } from "../support/site.ts";

const isLong = process.env["SIGNALBOX_ROUNDS"] === "long";
const minutes = Number(process.env["SIGNALBOX_SOAK_MINUTES"] ?? 60);
const rate = Number(process.env["SIGNALBOX_SOAK_RATE"] ?? 2_000);

/** Of the table m, what a customer has sent. */
const accepted = "m.parent is null and m.kind = 'sms' and m.direction = 'in'";

/** Samples of memory a minute. */
const samplesPerMinute = 6;

/**
 * MiB an hour, by the straight line through the samples after the warm-up. A leak of one object of 100
 * octets for each message of such an hour would be 700.
 */
const slopeMibMax = 100;

/** ms. For what is under way at the end. */
const patienceMs = 300_000;

/** ms. Between two helpings of the load. */
const helpingMs = 10;

test(
  `${minutes} minutes at ${rate} messages a second: memory stays flat, no row is left behind, every credit is counted`,
  { skip: isLong ? false : "only in npm run test:long" },
  async (context) => {
    await using stack = new AsyncDisposableStack();
    const triggers = await mkdtemp(join(tmpdir(), "signalbox-soak-"));
    stack.defer(() => rm(triggers, { recursive: true, force: true }));
    await cp(new URL("../../triggers", import.meta.url), triggers, { recursive: true });
    const database = stack.use(await freshDatabase());
    // Two days of a time that nobody keeps any more, for the retention run to find.
    await database.query("select make_partitions((now() at time zone 'utc')::date - 400, 2)");
    assert.ok((await partitions()).some(isOld));
    const givenUp: string[] = [];
    const provider = stack.use(
      await startSmsc({
        host: "127.0.0.1",
        port: 0,
        // As many reports at a time as the customer has messages: else a slow minute is never made up
        // for. A provider brings a report that is refused for days, so this one does not tire either.
        rules: { retryDelayMs: 200, tries: 5_000, windowRequests: 500 },
        watch(event) {
          if (event.what === "given up") givenUp.push(event.why);
          else if (event.what === "delivered" && event.status !== 0) {
            const code = `0x${event.status.toString(16)}`;
            givenUp.push(`refused for good with ${code}`);
          }
        },
      }),
    );
    const { gateway, port } = stack.use(
      await startSite({
        providerPort: provider.port,
        settings: { triggers, database: { url: database.url } },
        server: { windowRequests: 200 },
        client: { windowRequests: 200, binds: 2 },
      }),
    );
    await gateway.untilUp();

    const load = startSteadyLoad(port);
    stack.defer(() => load.stop());
    const samples: { readonly hours: number; readonly mib: number }[] = [];
    const startMs = performance.now();
    for (let minute = 1; minute <= minutes; minute += 1) {
      for (let sample = 1; sample <= samplesPerMinute; sample += 1) {
        const dueMs = (minute - 1 + sample / samplesPerMinute) * 60_000;
        await pause(Math.max(0, startMs + dueMs - performance.now()));
        samples.push({ hours: dueMs / 3_600_000, mib: residentMib(gateway.pid) });
      }
      await saveAnew(minute);
      if (minute % 2 === 0) load.reconnect();
      else provider.drop();
      const { counts } = load;
      const [row] = await database.query<{ n: number }>(
        "select count(*)::integer as n from pending",
      );
      context.diagnostic(
        `minute ${minute}: ${counts.accepted} accepted, ${counts.refused} refused, ${counts.reported} reported, ${row?.n} pending, ${samples.at(-1)?.mib} MiB`,
      );
    }
    await load.quiet();
    assert.deepEqual(givenUp, [], "the provider could hand over every report");

    // What the provider still has to report stands in no queue of ours, so both are waited for.
    const isSettled = async (): Promise<boolean> =>
      (await database.query("select from pending limit 1")).length === 0 &&
      (await counted()).open === 0;
    const settled = await until(isSettled, patienceMs);
    const left = await database.query("select * from pending limit 5");
    assert.deepEqual(left, [], "no row is left in pending");
    const count = await counted();
    if (!settled) context.diagnostic(JSON.stringify(await unfinished()));
    assert.equal(count.open, 0, "every message that was accepted is final");
    assert.ok(count.taken >= load.counts.accepted, "everything accepted is stored");
    const accounts = (await gateway.api("GET", "/v1/accounts")) as AccountView[];
    const credits = accounts.find(({ id }) => id === "Test1")?.credits ?? 0;
    assert.equal(siteCredits - credits, count.taken, "one credit for each");
    const bad = ((await gateway.api("GET", "/v1/triggers")) as TriggerView[]).filter(
      ({ state }) => state !== "active",
    );
    assert.deepEqual(bad, [], "every trigger is as it should be");
    assert.deepEqual((await partitions()).filter(isOld), [], "what is too old has been dropped");

    // Until everything has been compiled and every cache is full, growth is no leak.
    const settledAt = minutes / 60 / 4;
    const slope = slopeOf(samples.filter(({ hours }) => hours >= settledAt));
    context.diagnostic(`memory: ${Math.round(slope)} MiB an hour`);
    // A few minutes are too short for a slope: V8 fills its heap in steps.
    if (minutes >= 20) assert.ok(slope < slopeMibMax, `${Math.round(slope)} MiB an hour`);

    async function counted(): Promise<{ readonly taken: number; readonly open: number }> {
      const [found] = await database.query<{ taken: number; open: number }>(`
        select count(*)::integer as taken,
          (count(*) filter (where s.status is distinct from 'DELIVERED'))::integer as open
        from message m left join state s on s.id = m.id where ${accepted}`);
      return found ?? { taken: 0, open: 0 };
    }

    /** Whoever reads of a failure an hour later has no database any more to look into. */
    async function unfinished(): Promise<unknown> {
      return database.query(`
        select m.id, m.at, s.status, s.error,
          (select json_agg(a) from attempt a where a.root = m.id) as attempts,
          (select json_agg(t.lines) from trace t where t.root = m.id) as trace
        from message m left join state s on s.id = m.id
        where ${accepted} and s.status is distinct from 'DELIVERED' limit 5`);
    }

    /** The same triggers, as from an editor: another text, so that they are compiled and swapped. */
    async function saveAnew(minute: number): Promise<void> {
      const file = join(triggers, "forward.ts");
      const text = (await readFile(file, "utf8")).replace(/\/\/ Saved .*\n/, "");
      await writeFile(file, `// Saved in minute ${minute}.\n${text}`);
    }

    async function partitions(): Promise<string[]> {
      const rows = await database.query<{ name: string }>(
        "select inhrelid::regclass::text as name from pg_inherits",
      );
      return rows.map(({ name }) => name);
    }
  },
);

/** A partition of a day more than 300 days ago, by its name: `message_p20260731`. */
function isOld(name: string): boolean {
  const [, year, month, day] = /_p(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}`) < Date.now() - 300 * 24 * 3_600_000;
}

interface SteadyLoad {
  readonly counts: { accepted: number; refused: number; reported: number };
  /** Says goodbye and comes again at once. */
  reconnect(): void;
  /** Sends no more; stays bound. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** One customer, so many messages a second whatever the answers say; it remembers only counts. */
function startSteadyLoad(port: number): SteadyLoad {
  const counts = { accepted: 0, refused: 0, reported: 0 };
  const ending = Promise.withResolvers<void>();
  let sent = 0;
  let sending = true;
  let ended = false;
  let leaving = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    while (!ended) {
      const esme = await connectEsme({
        host: "127.0.0.1",
        port,
        systemId: "Test1",
        password: "Pwd1",
        windowRequests: 500,
        watch: ({ receipt }) => {
          if (receipt !== undefined) counts.reported += 1;
        },
      });
      leaving = Promise.withResolvers();
      const stopped = Promise.race([leaving.promise, esme.closed, ending.promise]);
      await feed(esme, stopped);
      await stopped;
      await esme.unbind();
    }
  }

  async function feed(esme: Esme, stopped: Promise<unknown>): Promise<void> {
    let on = true;
    void stopped.then(() => (on = false));
    const answers = new Set<Promise<void>>();
    for (let lastMs = performance.now(); on && sending;) {
      await pause(helpingMs);
      const nowMs = performance.now();
      // A pause of this process is not made up for beyond a second, and the window is the limit.
      let due = Math.round((Math.min(1_000, nowMs - lastMs) * rate) / 1_000);
      for (; due > 0 && answers.size < rate; due -= 1) {
        const answer = submit(esme).finally(() => answers.delete(answer));
        answers.add(answer);
      }
      lastMs = nowMs;
    }
    await Promise.all(answers);
  }

  async function submit(esme: Esme): Promise<void> {
    const message = {
      from: "+31201234567",
      // Real traffic goes to many phones; of these each is written to about once in eight minutes.
      to: `+316${String(sent++ % 1_000_000).padStart(8, "0")}`,
      text: "Soak",
      registeredDelivery: 1,
    };
    const { status } = await esme.submit(message);
    if (status === 0) counts.accepted += 1;
    else if (status !== undefined) counts.refused += 1;
  }

  const running = run();
  return {
    counts,
    reconnect: () => leaving.resolve(),
    async quiet() {
      sending = false;
      // What was sent last has its answer when a whole second has brought no other.
      for (let before = -1; before !== counts.accepted; await pause(1_000))
        before = counts.accepted;
    },
    async stop() {
      sending = false;
      ended = true;
      ending.resolve();
      await running;
    },
  };
}

/** Least squares, MiB an hour. */
function slopeOf(samples: readonly { readonly hours: number; readonly mib: number }[]): number {
  const meanHours = samples.reduce((sum, { hours }) => sum + hours, 0) / samples.length;
  const meanMib = samples.reduce((sum, { mib }) => sum + mib, 0) / samples.length;
  let over = 0;
  let under = 0;
  for (const { hours, mib } of samples) {
    over += (hours - meanHours) * (mib - meanMib);
    under += (hours - meanHours) ** 2;
  }
  return over / under;
}
