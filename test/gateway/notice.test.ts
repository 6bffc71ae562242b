/** The bounds of notices and the times after which they are told; triggers and database are by hand. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createMaker } from "../../src/gateway/make.ts";
import { createNotices, noticesKeptMax, noticesOpenMax } from "../../src/gateway/notice.ts";
import type { Ruling, SendAction } from "../../src/model/decision.ts";
import type { ChannelChange } from "../../src/model/channel-change.ts";
import type { Notice, SessionEvent } from "../../src/model/event.ts";
import type { Conclusion, Forward, Later } from "../../src/store/writer.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import { recorderLog } from "../support/log.ts";
import { sessionRequest } from "../support/run-trigger.ts";

const page: SendAction = { do: "send", channel: "PAGER", from: "us", to: "+1", text: "Hello" };

function accepted(...actions: SendAction[]): Ruling {
  const nothing = { charge: 0, account: undefined, forwards: [], applied: false, reports: [] };
  const sends = actions.map((action) => ({ trigger: "PAGE", action }));
  return { verdict: "accept", ...nothing, sends, failed: undefined, ran: [] };
}

const undecided: Ruling = {
  verdict: "undecided",
  fault: "trigger_failed",
  text: "watch.ts:1:1 Error",
  ran: [],
};

interface Setting {
  /** What the triggers answer; nothing sent when left out. */
  readonly decide?: (request: EngineRequest) => Promise<Ruling> | Ruling;
  /** What they wait for. */
  readonly waitsMs?: readonly number[];
  readonly wants?: boolean;
}

/** Time stands still unless it is advanced. */
function noticesOf(t: TestContext, { decide, waitsMs = [1_000], wants = true }: Setting = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  let made = 0;
  const log = recorderLog();
  const asked: Notice[] = [];
  const concluded: Conclusion[] = [];
  const held: Later[] = [];
  const offered: Forward[] = [];
  const clock = { nowMs: () => nowMs, tickMs: () => nowMs };
  const newId = () => `id-${(made += 1)}`;
  const queueFor = ({ channel }: { channel: string }) =>
    channel === "PAGER" ? { queue: channel } : ({ code: "unknown_channel" } as const);
  const notices = createNotices({
    engine: {
      async decide(request) {
        if (request.kind === "channel" || request.kind === "session") asked.push(request);
        return (await decide?.(request)) ?? accepted();
      },
      wants: () => wants,
      waitsFor: () => new Set(waitsMs),
    },
    writer: {
      conclude: (conclusion) => Promise.resolve(void concluded.push(conclusion)),
      hold: (later) => Promise.resolve(void held.push(later)),
      hook: () => Promise.resolve(),
    },
    make: createMaker({ clock, newId, queueFor }),
    clock,
    log,
    newId,
    offer: (forwards) => void offered.push(...forwards),
  });
  /** In small steps, because a timer that fires sets the next one. */
  const advance = (ms: number): void => {
    for (const end = nowMs + ms; nowMs < end;) {
      const step = Math.min(50, end - nowMs);
      nowMs += step;
      t.mock.timers.tick(step);
    }
  };
  const happens = (what: ChannelChange, reason = ""): void =>
    void notices.channel({ channel: "SMPP1", atMs: nowMs, what, reason });
  const session = (event: Partial<SessionEvent> = {}): void => {
    const request = sessionRequest(event);
    if (request.kind === "session") void notices.session(request.event);
  };
  return { notices, log, asked, concluded, held, offered, advance, happens, session };
}

/** All that was told, as words. */
const told = (asked: readonly Notice[]): string[] =>
  asked.map(({ kind, event }) => {
    if (kind === "schedule") return event.name;
    return kind === "channel" ? `${event.what} ${event.forMs}` : event.what;
  });

const turn = (): Promise<void> => new Promise((end) => setImmediate(end));

test("each trigger is told of a channel after its own time, with the last reason", (t) => {
  const { asked, advance, happens } = noticesOf(t, { waitsMs: [100, 60_000] });
  happens("up");
  advance(70_000);
  happens("down", "peer_closed");
  advance(30_000);
  happens("down", "ECONNREFUSED");
  advance(40_000);
  const all = ["up 100", "up 1000", "up 60000", "down 100", "down 1000", "down 60000"];
  assert.deepEqual(told(asked), all);
  const last = asked.at(-1)?.event;
  assert.ok(last !== undefined && "sinceMs" in last);
  assert.deepEqual([last.sinceMs, last.reason, last.first], [70_000, "ECONNREFUSED", false]);
  assert.equal(new Set(asked.map(({ event }) => event.id)).size, all.length);
});

test("of a drained channel no down is told; when it does not come back after a resume, it is", (t) => {
  const { asked, advance, happens } = noticesOf(t);
  happens("up");
  happens("resumed");
  advance(2_000);
  happens("drained");
  happens("down");
  advance(60_000);
  happens("resumed");
  advance(500);
  assert.deepEqual(told(asked), ["up 1000", "drained 1000"]);
  advance(1_000);
  assert.deepEqual(told(asked).slice(2), ["resumed 1000", "down 1000"]);
});

test("a channel that is held since before the start is told of as such, and then of its resumption", (t) => {
  const { asked, advance, happens } = noticesOf(t);
  happens("paused", "alice");
  happens("up");
  advance(2_000);
  happens("resumed", "bob");
  advance(2_000);
  assert.deepEqual(told(asked), ["paused 1000", "up 1000", "resumed 1000"]);
  assert.deepEqual(
    asked.map(({ event }) => ("first" in event ? `${event.first} ${event.reason}` : "")),
    ["true alice", "true ", "false bob"],
  );
});

test("what no trigger is for costs nothing, however often it happens", async (t) => {
  const { asked, log, session, notices } = noticesOf(t, { wants: false });
  for (let n = 0; n < 3 * noticesOpenMax; n += 1) session();
  await notices.stop();
  assert.deepEqual([asked.length, log.lines.length], [0, 0]);
});

test("above noticesOpenMax notices are dropped and counted in one line", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Ruling>();
  const { asked, log, session, advance, notices } = noticesOf(t, { decide: () => promise });
  for (let n = 0; n < noticesOpenMax + 500; n += 1) session();
  assert.equal(asked.length, noticesOpenMax);
  advance(20_000);
  assert.deepEqual(
    log.lines.map(({ level, dropped }) => [level, dropped]),
    [["warn", 500]],
  );
  resolve(accepted());
  await turn();
  session();
  assert.equal(asked.length, noticesOpenMax + 1);
  await notices.stop();
});

test("above noticesKeptMax undecided ones are dropped, until one of those is decided", async (t) => {
  let ruling: Ruling = undecided;
  const { held, log, concluded, session, advance, notices } = noticesOf(t, {
    decide: () => ruling,
  });
  for (let n = 0; n < noticesKeptMax + 1; n += 1) {
    session({ id: `session-${n}` });
    if (n % noticesOpenMax === noticesOpenMax - 1) await turn();
  }
  await turn();
  assert.equal(held.length, noticesKeptMax);
  advance(10_000);
  assert.equal(log.lines.at(-1)?.["dropped"], 1);
  const [first] = held;
  const kept: { notice: Notice } = JSON.parse(first?.payload ?? "");
  assert.equal(kept.notice.event.id, first?.id);

  ruling = accepted(page);
  assert.equal(await notices.again(kept.notice), undefined);
  assert.deepEqual([concluded.length, concluded[0]?.done], [1, first?.id]);
  ruling = undecided;
  session({ id: "session-x" });
  await turn();
  assert.equal(held.at(-1)?.id, "session-x");
});

test("the messages of a notice are one commit, and wait to go out after it", async (t) => {
  const decide = () => accepted(page, { ...page, to: "+2", priority: 3 });
  const { concluded, offered, session, notices } = noticesOf(t, { decide });
  session();
  await notices.stop();
  assert.equal(concluded.length, 1);
  const [one, other] = concluded[0]?.made ?? [];
  assert.deepEqual([one?.message.to, other?.message.to], ["+1", "+2"]);
  assert.deepEqual([one?.forward.priority, other?.forward.priority], [0, 3]);
  assert.deepEqual(one?.message.log[0]?.facts, {
    trigger: "PAGE",
    because: "session ended",
    event: "session-1",
  });
  assert.equal(one?.forward.message.parent, one?.message.id);
  assert.deepEqual(offered, [one?.forward, other?.forward]);
});

test("a message that can go nowhere leaves the notice undecided, with none of its messages made", async (t) => {
  const decide = () => accepted(page, { ...page, channel: "NOWHERE" });
  const { concluded, held, session, notices } = noticesOf(t, { decide });
  session();
  await notices.stop();
  assert.deepEqual([concluded.length, held.length], [0, 1]);
});

test("after a stop nothing is told any more, and what was told before is awaited", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Ruling>();
  const { asked, concluded, session, happens, advance, notices } = noticesOf(t, {
    decide: () => promise,
  });
  happens("up");
  session();
  const stopped = notices.stop();
  session();
  advance(5_000);
  resolve(accepted(page));
  await stopped;
  assert.deepEqual([asked.length, concluded.length], [1, 1]);
});
