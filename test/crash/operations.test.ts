/**
 * The gateway is killed in the middle of what an operator ordered for a whole queue. Each message must
 * then either have gone the ordered way or wait as before, never both and never neither.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { freshDatabase } from "../support/database.ts";
import { freePort, startGatewayProcess, until } from "../support/gateway-process.ts";

const messages = 3_000;

/** ms. Far more than anything takes here. */
const patienceMs = 60_000;

for (const order of ["drop", "move"] as const)
  test(`a kill -9 in the middle of a ${order} leaves each message in one place`, async () => {
    await using database = await freshDatabase();
    await using provider = await startSmsc({ host: "127.0.0.1", port: 0 });
    const port = await freePort();
    const bind = { type: "smpp-client", host: "127.0.0.1", port: provider.port, password: "x" };
    await using gateway = await startGatewayProcess({
      example: true,
      database: { url: database.url },
      channels: {
        SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
        SMPP1: { ...bind, systemId: "one" },
        SMPP2: { ...bind, systemId: "two" },
      },
    });
    await gateway.untilUp();
    await gateway.api("POST", "/v1/channels/SMPP1/pause");
    await gateway.api("POST", "/v1/channels/SMPP2/pause");
    await gateway.api("POST", "/v1/accounts/Test1/credit", { add: messages });
    const esme = await connectEsme({
      host: "127.0.0.1",
      port,
      systemId: "Test1",
      password: "Pwd1",
      bindType: "transmitter",
      windowRequests: 100,
    });
    const sent = { from: "+31699887766", to: "+31612345670", text: "Hello" };
    await Promise.all(Array.from({ length: messages }, () => esme.submit(sent)));
    const count = async (what: string): Promise<number> => {
      const [row] = await database.query<{ n: number }>(`select count(*)::int as n from ${what}`);
      return row?.n ?? 0;
    };
    assert.equal(await count("pending"), messages);

    const path = `/v1/queues/SMPP1/${order}`;
    const ordered = gateway.api("POST", path, order === "move" ? { to: "SMPP2" } : undefined);
    const under =
      order === "drop" ? "state where status = 'CANCELLED'" : "pending where queue = 'SMPP2'";
    const killed = ordered.then(
      () => "done before the kill",
      () => "killed",
    );
    assert.ok(await until(async () => (await count(under)) > 0, patienceMs));
    await gateway.kill();
    assert.equal(await killed, "killed");
    const done = await count(under);
    assert.ok(done > 0 && done < messages, `${done} of ${messages}`);
    assert.equal(await count("pending where queue = 'SMPP1'"), messages - done);
    const lines = `trace where lines like '%"what":"${order === "drop" ? "dropped" : "moved"}"%'`;
    assert.equal(await count(lines), done);
    if (order === "drop")
      assert.equal(await count("state where status = 'QUEUED'"), messages - done);

    await gateway.restart();
    await gateway.untilUp();
    await gateway.api("POST", "/v1/channels/SMPP1/resume");
    await gateway.api("POST", "/v1/channels/SMPP2/resume");
    const rest = order === "drop" ? messages - done : messages;
    assert.ok(
      await until(async () => (await count("state where status = 'SENT'")) === rest, patienceMs),
    );
    assert.equal(provider.counts.received, rest);
    assert.equal(await count("pending"), 0);
  });
