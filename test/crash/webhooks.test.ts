/**
 * The gateway is killed while it tells a customer what became of his messages and his server fails half of
 * the time. After the next start he must have been told of each, and what was given up must be there still.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { customer } from "../support/customer.ts";
import { freshDatabase } from "../support/database.ts";
import { freePort, startGatewayProcess, until } from "../support/gateway-process.ts";
import { startReceiver, toldBy } from "../support/webhook-receiver.ts";

const messages = 300;

/** ms. Far more than anything takes here; the second try of a call comes after five seconds. */
const patienceMs = 60_000;

test("a kill -9 loses nothing of what customers are to be told, neither retries nor dead letters", async () => {
  await using database = await freshDatabase();
  await using provider = await startSmsc({ host: "127.0.0.1", port: 0 });
  await using receiver = await startReceiver();
  const port = await freePort();
  await using gateway = await startGatewayProcess({
    example: true,
    database: { url: database.url },
    webhooks: { allowPrivate: ["127.0.0.1"] },
    channels: {
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: provider.port,
        systemId: "signalbox",
        password: "x",
      },
    },
  });
  await gateway.untilUp();
  await gateway.api("POST", "/v1/accounts/Test1/credit", { add: messages });
  const url = `${receiver.url}/hook`;
  const wish = { account: "Test1", url, events: ["message.accepted", "message.sent"] };
  await gateway.api("POST", "/v1/webhooks", wish);
  // One in fifty is refused for good, one in three is to be tried again.
  let n = 0;
  const refused = new Set<string>();
  receiver.answer((call) => {
    n += 1;
    const id = String(call.headers["webhook-id"]);
    if (n % 50 === 0) refused.add(id);
    return refused.has(id) ? 422 : n % 3 === 0 ? 503 : 200;
  });
  const esme = await customer({ port });
  const ids = new Set<string>();
  const submits = Array.from({ length: messages }, async () => {
    const sent = { from: "+31699887766", to: "+31612345670", text: "Hello" };
    const { status, messageId } = await esme.submit(sent);
    if (status === 0) ids.add(messageId);
  });
  await receiver.until((calls) => calls.length > messages / 2);
  await gateway.kill();
  await Promise.all(submits);
  const dead = async (): Promise<number> => {
    const [row] = await database.query<{ n: number }>(
      "select count(*)::int as n from webhook_call where dead_at is not null",
    );
    return row?.n ?? 0;
  };
  const deadThen = await dead();
  assert.ok(refused.size > 0);
  await gateway.restart();
  await gateway.untilUp();
  n = 1;
  receiver.answer((call) => (refused.has(String(call.headers["webhook-id"])) ? 422 : 200));
  const waiting = async (): Promise<number> => {
    const [row] = await database.query<{ n: number }>(
      "select count(*)::int as n from webhook_call where dead_at is null",
    );
    return row?.n ?? 0;
  };
  const sentAll = async () =>
    (await database.query("select from state where status = 'QUEUED' limit 1")).length === 0;
  assert.ok(await until(async () => (await sentAll()) && (await waiting()) === 0, patienceMs));
  assert.ok((await dead()) >= deadThen);
  assert.equal(await dead(), refused.size);
  receiver.answer(() => 200);
  await gateway.api("POST", "/v1/webhook-calls/resend", {});
  assert.ok(await until(async () => (await waiting()) === 0 && (await dead()) === 0, patienceMs));

  const told = new Map<string, Set<string>>();
  for (const call of receiver.taken) {
    const { type, data } = toldBy(call);
    const id = String(data["message_id"]);
    told.set(id, (told.get(id) ?? new Set()).add(type));
  }
  for (const id of ids)
    assert.deepEqual([...(told.get(id) ?? [])].toSorted(), ["message.accepted", "message.sent"]);
});
