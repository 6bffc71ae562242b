import assert from "node:assert/strict";
import { test } from "node:test";
import { freshDatabase } from "../support/database.ts";
import { acceptance, conclusion, finish, openTestStore, told } from "./fixtures.ts";

test("a receipt that the customer may have twice stays listed as uncertain when it is delivered", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one));
  const twice = told(one);
  const once = told(one);
  await store.writer.conclude(conclusion(one, { tell: [twice, once] }));
  for (const { message } of [twice, once])
    await store.writer.finish(
      finish(one, {
        id: message.id,
        kind: "report",
        channel: "SMPP_SERVER1",
        status: "DELIVERED",
        providerId: undefined,
        reportAsked: false,
        maybeTwice: message.id === twice.message.id,
      }),
    );
  const uncertain = async (id: string) => (await store.messages.show(id))?.maybeTwice;
  assert.equal(await uncertain(twice.message.id), true);
  assert.equal(await uncertain(once.message.id), false);
});
