/** How many new messages are taken up with each flush, and whose. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Take } from "../../src/model/intake.ts";
import { broughtPerTurn, createIntake, invitedPerFlush, stillMs } from "../../src/store/intake.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A writer that is busy or not, and those who bring messages to it. */
function opened(busy: boolean) {
  const writer = { busy };
  const intake = createIntake(() => writer.busy);
  const taken: string[] = [];
  const one = (name: string): void =>
    intake.enter(() => {
      taken.push(name);
      return 1;
    });
  const session = (name: string, size: number): void => {
    let left = size;
    const take: Take = (most) => {
      const took = Math.min(left, most);
      left -= took;
      for (let n = 0; n < took; n += 1) taken.push(name);
      return took;
    };
    intake.enter(take);
  };
  return {
    writer,
    intake,
    taken,
    one,
    session,
    [Symbol.dispose]: () => intake.close(),
  };
}

test("while the database has nothing to do nobody waits", () => {
  using all = opened(false);
  for (let n = 0; n < 10 * invitedPerFlush; n += 1) all.one("a");
  assert.equal(all.taken.length, 10 * invitedPerFlush);
});

test("while it is busy each flush invites so many, first come first served", async () => {
  using all = opened(true);
  for (let n = 0; n < 3 * invitedPerFlush; n += 1) all.one(`${n}`);
  assert.equal(all.taken.length, invitedPerFlush);
  await turn();
  assert.equal(all.taken.length, invitedPerFlush);
  all.intake.open();
  assert.equal(all.taken.length, invitedPerFlush, "first the flush is sent");
  await turn();
  assert.equal(all.taken.length, 2 * invitedPerFlush);
  // Room that nobody used is not added up.
  for (let n = 0; n < 5; n += 1) all.intake.open();
  await turn();
  assert.deepEqual(
    all.taken,
    Array.from({ length: 3 * invitedPerFlush }, (_, n) => `${n}`),
  );
});

test("who has many is taken in turns, and what it brings in one is together", async () => {
  using all = opened(true);
  all.session("first", invitedPerFlush);
  all.session("a", 100);
  all.session("b", 3);
  all.one("c");
  assert.equal(all.taken.length, invitedPerFlush);
  all.intake.open();
  await turn();
  const rest = all.taken.slice(invitedPerFlush);
  assert.equal(rest.slice(0, broughtPerTurn + 4).join(""), `${"a".repeat(broughtPerTurn)}bbbc`);
  assert.ok(rest.length >= invitedPerFlush && rest.length < invitedPerFlush + broughtPerTurn);
  for (let n = 0; n < 5; n += 1) {
    all.intake.open();
    await turn();
  }
  assert.equal(all.taken.filter((name) => name === "a").length, 100);
});

test("who was taken up and waits for something else than the database keeps nobody waiting", async () => {
  using all = opened(true);
  for (let n = 0; n < 3 * invitedPerFlush; n += 1) all.one("a");
  // All of them are with a script that takes long: the flush that was under way has ended, no other begins.
  all.writer.busy = false;
  all.intake.open();
  for (let n = 0; n < 3; n += 1) await turn();
  assert.equal(all.taken.length, 3 * invitedPerFlush);
});

test("a database that stands still for a while keeps nobody waiting, until it moves again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using all = opened(true);
    for (let n = 0; n < 4 * invitedPerFlush; n += 1) all.one("a");
    mock.timers.tick(stillMs - 1);
    assert.equal(all.taken.length, invitedPerFlush);
    mock.timers.tick(1);
    assert.equal(all.taken.length, 4 * invitedPerFlush);
    all.one("a");
    assert.equal(all.taken.length, 4 * invitedPerFlush + 1);
    all.intake.open();
    for (let n = 0; n < 2 * invitedPerFlush; n += 1) all.one("b");
    assert.equal(all.taken.filter((name) => name === "b").length, invitedPerFlush);
  } finally {
    mock.timers.reset();
  }
});

test("with each flush the while begins anew", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    using all = opened(true);
    for (let n = 0; n < 10 * invitedPerFlush; n += 1) all.one("a");
    for (let n = 2; n <= 5; n += 1) {
      mock.timers.tick(stillMs - 1);
      all.intake.open();
      await turn();
      assert.equal(all.taken.length, n * invitedPerFlush);
    }
  } finally {
    mock.timers.reset();
  }
});

test("at the end all are let in, since what they bring is refused", () => {
  const all = opened(true);
  for (let n = 0; n < 3 * invitedPerFlush; n += 1) all.one("a");
  all.intake.close();
  all.one("a");
  assert.equal(all.taken.length, 3 * invitedPerFlush + 1);
});
