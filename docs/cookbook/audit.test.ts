import { test } from "signalbox/test";

test("a message is written down, its text is not", async ({ message, db, assert }) => {
  db.answers([]);
  await message({ id: "0195-1", from: "4711", to: "+31612345678", text: "secret", parts: 2 });
  const [query] = db.queries;
  assert.equal(query?.source, "audit");
  assert.deepEqual(query?.values.slice(2, 5), ["Test1", "4711", "+31612345678"]);
});

test("a database that is down holds nobody up", async ({ message, db, assert }) => {
  db.answers(() => {
    throw new Error("the database is down");
  });
  assert.notEqual((await message({})).verdict, "undecided");
});
