import { test } from "signalbox/test";

test("the operator is told of each customer once a day", async ({
  schedule,
  db,
  clock,
  assert,
}) => {
  db.answers([
    { system_id: "Test1", credits: 3 },
    { system_id: "Test2", credits: 40 },
  ]);
  const texts = async () => (await schedule()).sends.map(({ text }) => text);
  assert.deepEqual(await texts(), ["Test1 has 3 credits left.", "Test2 has 40 credits left."]);
  clock.advance(3_600_000);
  assert.deepEqual(await texts(), []);
  clock.advance(86_400_000);
  assert.equal((await texts()).length, 2);
});

test("when all is well nobody is told", async ({ schedule, db, assert }) => {
  db.answers([]);
  assert.deepEqual((await schedule()).sends, []);
});
