// The sessions of an account that may be handed what is for it, with sessions that only know their room.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Customer } from "../../src/channel/customer.ts";
import { createReceivers } from "../../src/channel/receivers.ts";
import type { BindType } from "../../src/model/event.ts";

function setUp() {
  const receivers = createReceivers();
  const asked: string[] = [];
  const customerOf = (id: string, account: string, room: number, bindType: BindType): Customer => {
    const session = {
      id,
      room() {
        asked.push(id);
        return room;
      },
    };
    // Only the room of its session is looked at here.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { session, account, bindType } as unknown as Customer;
  };
  const bound = (id: string, account: string, room = 1, bindType: BindType = "transceiver") => {
    const customer = customerOf(id, account, room, bindType);
    receivers.bound(customer);
    return customer;
  };
  const of = (account: string): string[] => receivers.of(account).map(({ id }) => id);
  return { receivers, asked, bound, of };
}

test("an account has its receivers and transceivers in the order of their binds, until they close", () => {
  const { receivers, bound, of } = setUp();
  const first = bound("first", "Shop");
  bound("sender", "Shop", 1, "transmitter");
  bound("other", "Bank");
  const last = bound("last", "Shop", 1, "receiver");
  assert.deepEqual(of("Shop"), ["first", "last"]);
  receivers.closed(first);
  assert.deepEqual([of("Shop"), of("Bank")], [["last"], ["other"]]);
  receivers.closed(last);
  assert.deepEqual([of("Shop"), receivers.room("Shop")], [[], 0]);
});

test("their room is the sum of all, and no more are asked than make enough", () => {
  const { receivers, asked, bound } = setUp();
  for (let n = 1; n <= 200; n += 1) bound(`s${n}`, "Shop", n % 2 === 0 ? 10 : 0);
  assert.equal(receivers.room("Shop"), 1_000);
  assert.equal(asked.splice(0).length, 200);
  assert.equal(receivers.room("Shop", 11), 20);
  assert.deepEqual(asked.splice(0), ["s1", "s2", "s3", "s4"]);
  assert.equal(receivers.room("Shop", 5_000), 1_000, "what is not there is not made up");
  assert.equal(receivers.room("Bank", 1), 0);
});
