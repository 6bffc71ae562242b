/** Messages are sent over HTTP: who may, what is checked, what is stored before the answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startApi } from "./api.ts";

const to = "+31612345678";

test("[A01] [A03] [I01] a message that was sent over HTTP is stored when 202 is heard, goes to the provider as one of SMPP does, and its life is one", async () => {
  await using api = await startApi();
  const key = await api.key();
  const sent = await api.ask("POST", "/v1/messages", {
    key,
    body: { to, from: "Shop", text: "Hello", client_reference: "order-17" },
  });
  assert.equal(sent.status, 202);
  assert.deepEqual(sent.body, {
    id: sent.body["id"],
    status: "accepted",
    parts: 1,
    encoding: "gsm7",
    client_reference: "order-17",
  });
  const [row] = await api.gateway.query<{ account: string }>(
    "select account from message where id = $1",
    [sent.body["id"]],
  );
  assert.equal(row?.account, "Test1");
  const [taken] = await api.gateway.provider.received(1);
  assert.equal(taken?.sms.octets.toString(), "Hello");
  assert.equal(taken?.sms.from.digits, "Shop");
});
