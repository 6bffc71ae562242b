/** `trace --follow` tells a life while it happens: of each look what is new, and when it is over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFollower, isOver } from "../../cli/follow.ts";
import type { LifeView, MessageView } from "../../src/model/view.ts";
import { openSite, signalbox } from "./cli.ts";
import { forwarded, original } from "./views.ts";

const waiting: MessageView = { ...forwarded, maybeTwice: false, status: "QUEUED", attempts: [] };
const sent: MessageView = { ...waiting, pending: undefined, status: "SENT" };
const withAttempt: MessageView = { ...sent, attempts: forwarded.attempts };
const delivered: MessageView = { ...withAttempt, status: "DELIVERED" };
const reportIn: MessageView = {
  ...forwarded,
  id: "41",
  kind: "report",
  direction: "in",
  report: { messageId: "41", state: "DELIVRD", error: "000" },
  reportAsked: false,
  status: "RECEIVED",
  pending: undefined,
  maybeTwice: false,
  attempts: [],
  log: [{ at: forwarded.atMs + 50, what: "reported", facts: { state: "DELIVRD" } }],
  atMs: forwarded.atMs + 50,
};

const life = (status: LifeView["status"], ...entries: readonly MessageView[]): LifeView => ({
  root: original.id,
  status,
  error: undefined,
  entries: [{ ...original, status }, ...entries],
});

test("each look tells only what the looks before had not seen", () => {
  const follower = createFollower();
  const text = (one: LifeView) => follower.news(one).join("\n");
  const first = text(life("QUEUED", waiting));
  assert.match(first, /QUEUED[^]*1\. sms in[^]*2\. sms out {2}SMPP1 /);
  assert.equal(text(life("QUEUED", waiting)), "");
  const second = text(life("SENT", withAttempt));
  assert.match(second, /2\. sms out .*SENT\n.*attempt {2}try 1 over SMPP1 {2}SENT {2}id 41/);
  assert.doesNotMatch(second, /received/, "what was told is not told again");
  const third = text(life("DELIVERED", delivered, reportIn));
  assert.match(third, /3\. report in {2}SMPP1[^]*stat:DELIVRD err:000/);
  assert.doesNotMatch(third, /attempt/);
  assert.match(third, new RegExp(`${original.id}  DELIVERED$`));
  assert.equal(text(life("DELIVERED", delivered, reportIn)), "");
});

test("it is over when the status is final and nothing waits any more", () => {
  assert.ok(!isOver(life("QUEUED", waiting)));
  assert.ok(!isOver(life("SENT", withAttempt)), "a report was asked for");
  assert.ok(isOver(life("DELIVERED", delivered, reportIn)));
  assert.ok(!isOver(life("DELIVERED", delivered, { ...reportIn, pending: waiting.pending })));
  const later = { at: 1, what: "status", facts: { later: "not within 200 ms" } };
  assert.ok(!isOver(life("DELIVERED", delivered, { ...reportIn, log: [later] })));
  const unasked = { ...withAttempt, reportAsked: false };
  const all = life("SENT", unasked);
  assert.ok(
    isOver({ ...all, entries: all.entries.map((one) => ({ ...one, reportAsked: false })) }),
  );
});

test("trace --follow asks again until it is over, and as data tells it once", async () => {
  const looks = [life("QUEUED", waiting), life("DELIVERED", delivered, reportIn)];
  for (const json of [false, true]) {
    let n = 0;
    await using site = await openSite(() => ({ body: [looks[Math.min(n++, 1)]] }));
    const args = ["trace", "+15551234567", "--follow", "--config", site.config];
    const said = await signalbox(json ? [...args, "--json"] : args);
    assert.deepEqual([said.code, said.err], [0, ""]);
    assert.deepEqual(
      site.asked.map(({ path }) => path),
      ["/v1/lives/%2B15551234567", `/v1/lives/${original.id}`],
      "the life that it found is stayed with",
    );
    if (json) assert.deepEqual(JSON.parse(said.out), JSON.parse(JSON.stringify([looks[1]])));
    else assert.equal(said.out.match(/^1\. sms in/gm)?.length, 2, "its status has changed");
  }
});
