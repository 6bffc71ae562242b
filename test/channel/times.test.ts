// When a message is to go out and when it is given up: what customers may say, and what providers hear.
import assert from "node:assert/strict";
import { test } from "node:test";
import { idMaker } from "../../src/model/id.ts";
import type { Sms } from "../../src/model/message.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { absoluteTime, relativeTime, timeFrom } from "../../src/smpp/time.ts";
import { openTestChannel } from "./host.ts";
import { handOver, outgoing } from "./messages.ts";

const host = "127.0.0.1";
const plain = smsOf({ from: "+31201234567", to: "+31612345678", text: "Hello" });
const hourMs = 3_600_000;

async function server() {
  const ours = await openTestChannel({ type: "smpp-server", address: [host], port: 0 });
  const [port = 0] = ours.channel.ports();
  const esme = await connectEsme({ host, port, systemId: "Test1", password: "Pwd1" });
  return {
    submit: async (changes: Partial<Sms>) => (await esme.submit({ ...plain, ...changes })).status,
    events: ours.events,
    async [Symbol.asyncDispose]() {
      await esme.unbind();
      await ours[Symbol.asyncDispose]();
    },
  };
}

test("[I46] priority 9 is refused with 0x06", async () => {
  await using ours = await server();
  assert.equal(await ours.submit({ priority: 9 }), 0x06);
  assert.equal(await ours.submit({ priority: 3 }), 0);
});

test("[I57] a schedule that is malformed, over, too far ahead or in another mode is refused with 0x61", async () => {
  await using ours = await server();
  const now = Date.now();
  for (const scheduleTime of [
    "260229000000000+",
    "soon",
    absoluteTime(now - hourMs),
    absoluteTime(now + 30 * 24 * hourMs),
  ])
    assert.equal(await ours.submit({ scheduleTime }), 0x61, scheduleTime);
  const scheduleTime = relativeTime(hourMs);
  for (const esmClass of [1, 2]) assert.equal(await ours.submit({ scheduleTime, esmClass }), 0x61);
  assert.equal(ours.events.message.length, 0);
});

test("[I58] a validity that is malformed, over or ends before the schedule is refused with 0x62", async () => {
  await using ours = await server();
  const now = Date.now();
  for (const validityPeriod of ["991332000000000+", "tomorrow", absoluteTime(now - hourMs)])
    assert.equal(await ours.submit({ validityPeriod }), 0x62, validityPeriod);
  const scheduleTime = absoluteTime(now + 2 * hourMs);
  assert.equal(await ours.submit({ scheduleTime, validityPeriod: relativeTime(hourMs) }), 0x62);
  assert.equal(ours.events.message.length, 0);
});

test("[W10] absolute and relative times are of the same moment, and the default counts from the schedule", async () => {
  await using ours = await server();
  const now = Date.now();
  const near = (ms: number | undefined, hours: number) =>
    assert.ok(Math.abs((ms ?? 0) - now - hours * hourMs) < 60_000, `${ms} is not in ${hours} h`);
  for (const [scheduleTime, validityPeriod] of [
    [absoluteTime(now + hourMs), absoluteTime(now + 3 * hourMs)],
    [relativeTime(hourMs), relativeTime(3 * hourMs)],
  ] as const) {
    assert.equal(await ours.submit({ scheduleTime, validityPeriod }), 0);
    const event = ours.events.message.at(-1);
    near(event?.scheduledMs, 1);
    near(event?.expiresMs, 3);
  }
  assert.equal(await ours.submit({ scheduleTime: relativeTime(hourMs) }), 0);
  near(ours.events.message.at(-1)?.expiresMs, 25);
  assert.equal(await ours.submit({}), 0);
  assert.equal(ours.events.message.at(-1)?.scheduledMs, undefined);
});

test("[W10] a provider gets the validity as it was sent, or what is left of it, and never the schedule", async () => {
  await using provider = await startSmsc({ host, port: 0 });
  const settings = { type: "smpp-client", host, port: provider.port, systemId: "u", password: "p" };
  const id = idMaker(() => Date.now() - hourMs)();
  const relative = {
    ...plain,
    scheduleTime: relativeTime(hourMs),
    validityPeriod: relativeTime(3 * hourMs),
  };
  const absolute = { ...plain, validityPeriod: absoluteTime(Date.now() + hourMs) };
  await using asSent = await openTestChannel(settings);
  await asSent.room();
  handOver(asSent.channel, outgoing({ id, sms: relative }), () => {});
  await provider.received(1);
  await using remaining = await openTestChannel({ ...settings, validity: "remaining" });
  await remaining.room();
  handOver(remaining.channel, outgoing({ id, sms: relative }), () => {});
  await provider.received(2);
  handOver(remaining.channel, outgoing({ id, sms: absolute }), () => {});
  const [first, second, third] = await provider.received(3);
  assert.deepEqual([first?.sms.scheduleTime, second?.sms.scheduleTime], ["", ""]);
  assert.equal(first?.sms.validityPeriod, relative.validityPeriod);
  const leftMs = timeFrom(second?.sms.validityPeriod ?? "", 0) ?? 0;
  assert.ok(Math.abs(leftMs - 2 * hourMs) < 60_000, `${leftMs} ms are left`);
  assert.equal(third?.sms.validityPeriod, absolute.validityPeriod);
});
