import assert from "node:assert/strict";
import { test } from "node:test";
import { emitInTurn } from "../../src/channel/in-turn.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { MessageAnswer, MessageEvent } from "../../src/model/event.ts";
import type { Take } from "../../src/model/intake.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { openTestChannel } from "./host.ts";

test("what HTTP or a provider brings waits for its turn, and came when it came", async () => {
  const told: MessageEvent[] = [];
  const takes: Take[] = [];
  const answer: MessageAnswer = { kind: "unanswered" };
  const emit = (_: string, event: unknown): Promise<never> => {
    told.push(event as MessageEvent);
    return Promise.resolve(answer as never);
  };
  const host = { clock: systemClock, emit, intake: { enter: (take: Take) => takes.push(take) } };
  const before = systemClock.tickMs();
  const answered = emitInTurn(host, { origin: "customer" } as MessageEvent);
  const after = systemClock.tickMs();
  assert.equal(told.length, 0);
  assert.equal(takes[0]?.(16), 1);
  assert.equal(await answered, answer);
  const [{ receivedMs = 0 } = {}] = told;
  assert.ok(before <= receivedMs && receivedMs <= after);
});

test("messages of all sessions of a listener stand in one line, and the trace says when they came", async () => {
  const line: Take[] = [];
  const stood = Promise.withResolvers<undefined>();
  const enter = (take: Take): void => {
    if (line.push(take) === 2) stood.resolve(undefined);
  };
  const settings = { type: "smpp-server", address: ["127.0.0.1"], port: 0 };
  await using ours = await openTestChannel(settings, { intake: { enter } });
  const [port = 0] = ours.channel.ports();
  const who = { host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1" };
  await using one = await connectEsme(who);
  await using other = await connectEsme(who);
  const message = { from: "+31201234567", to: "+31612345678", text: "Hello" };
  const answers = [one.submit(message), other.submit(message)];
  await stood.promise;
  const stoodMs = systemClock.nowMs();
  assert.equal(ours.events.message.length, 0);
  while (systemClock.nowMs() < stoodMs + 5) await new Promise((turn) => setImmediate(turn));
  for (const take of line) assert.equal(take(16), 1);
  for (const { status } of await Promise.all(answers)) assert.equal(status, 0);
  for (const event of ours.events.message) {
    const [received] = event.message.log;
    assert.ok(received !== undefined && received.at <= stoodMs + 1, `${received?.at} ${stoodMs}`);
  }
});
