/**
 * Goal: a gateway that was restored knows what the one before knew, and goes on with it. Method: the
 * whole gateway under load, a backup over its admin socket, another gateway on the restored database.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { LifeView } from "../../src/model/view.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import type { SmscRules } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { saveBackup } from "../../src/store/backup-file.ts";
import { readBackup } from "../../src/store/backup-format.ts";
import { restoreBackup } from "../../src/store/restore.ts";
import { fillWithOctets, freshFolder } from "../store/backup-fixtures.ts";
import { customer } from "../support/customer.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const from = "+31612345678";
const to = "+31699887766";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

/** What begins with "wait" is refused for now, with "none" is never reported. */
const provider: SmscRules = {
  outcome: ({ octets }) => {
    const text = octets.toString();
    return {
      answer: text.startsWith("wait") ? 0x14 : 0,
      report: text.startsWith("none") ? "none" : "DELIVRD",
    };
  },
};

const submit = (esme: Esme, text: string) => esme.submit({ from, to, text, registeredDelivery: 1 });

/** The answer to `POST /v1/backups`. */
async function askForBackup({ running }: TestGateway): Promise<IncomingMessage> {
  const asked = request({ socketPath: running.admin.socket, method: "POST", path: "/v1/backups" });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  return (await answer.setEncoding("utf8").toArray()).join("");
}

test("a gateway on a restored database has the same lives and credits, and sends what waited, marked", async () => {
  await using folder = await freshFolder();
  await using database = await freshDatabase({ empty: true });
  const file = join(folder.path, "backup");
  const done: LifeView[] = [];
  const waiting: string[] = [];
  let unreported = "";
  {
    await using gateway = await startGateway({ provider });
    await gateway.running.store.accounts.credit("Test1", 100_000);
    await using esme = await customer(gateway);
    const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => submit(esme, `done${n}`)));
    await esme.delivered(20);
    await gateway.provider.inject(smsOf({ from: "+31600000001", to: from, text: "Hello back" }));
    unreported = (await submit(esme, "none")).messageId;
    for (let n = 0; n < 5; n += 1) waiting.push((await submit(esme, `wait${n}`)).messageId);
    await gateway.running.settled();
    for (const { messageId } of sent) done.push(...(await gateway.running.admin.lives(messageId)));
    assert.equal(done.length, 20);

    let stop = false;
    const load = Promise.all(
      Array.from({ length: 20 }, async () => {
        while (!stop) assert.equal((await submit(esme, "load")).status, 0);
      }),
    );
    await saveBackup(await askForBackup(gateway), file);
    stop = true;
    await load;
  }
  const place = { databaseUrl: database.url, dataDirectory: "", lockWaitMs: 5_000 };
  await restoreBackup({ place, file, replace: false, log: silentLog });
  const [charged] = await database.query<{ credits: number; originals: number }>(
    `select (select credits from account where id = 'Test1')::integer as credits,
      (select count(*)::integer from message where parent is null and kind = 'sms' and account = 'Test1'
        and direction = 'in') as originals`,
  );
  assert.equal(
    charged?.credits,
    100_100 - (charged?.originals ?? 0),
    "a credit for each that is there",
  );

  await using gateway = await startGateway({ settings: { database: { url: database.url } } });
  for (const life of done) {
    const [again] = await gateway.running.admin.lives(life.root);
    assert.deepEqual(again, life);
  }
  const [open] = await gateway.running.admin.lives(unreported);
  assert.equal(open?.status, "SENT");
  const hasLeft = async () => {
    const lives = await Promise.all(waiting.map((id) => gateway.running.admin.lives(id)));
    return lives.every(([life]) => life?.status === "DELIVERED");
  };
  assert.ok(await until(hasLeft, patienceMs), "what waited has been sent and reported");
  for (const id of waiting) {
    const [life] = await gateway.running.admin.lives(id);
    assert.ok(life?.entries.some(({ maybeTwice }) => maybeTwice));
  }
});

test("a second backup at the same time is refused; a client who goes away ends his", async () => {
  await using gateway = await startGateway();
  await fillWithOctets(gateway);
  const first = await askForBackup(gateway);
  assert.equal(first.headers["content-type"], "application/octet-stream");
  const second = await askForBackup(gateway);
  assert.equal(second.statusCode, 409);
  assert.match(await textOf(second), /"backup_running"/);
  first.destroy();
  let parts = 0;
  const works = async () => {
    const answer = await askForBackup(gateway);
    if (answer.statusCode !== 200) return false;
    for await (const _part of readBackup(answer)) parts += 1;
    return true;
  };
  assert.ok(await until(works, patienceMs));
  assert.ok(parts > 30);
  assert.ok(gateway.log.lines.some(({ text }) => text === "backup given up"));
  assert.ok(gateway.log.lines.some(({ text }) => text === "backup taken"));
});
