/** A whole gateway whose trigger forwards without naming a channel: the routing table says where. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { load } from "../../src/config/load.ts";
import { type Running, start } from "../../src/main.ts";
import type { RouteTableView } from "../../src/model/route-view.ts";
import type { ConfigPlanView } from "../../src/model/view.ts";
import { settingsSchema } from "../../src/settings.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { recorderLog } from "../support/log.ts";

const TRIGGERS = `import { onBind, onMessage } from "signalbox";
export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
export const ROUTE = onMessage({}, async (m, { routes }) => {
  m.accept();
  if (m.text === "ask") {
    const { ways, steps, refused } = await routes.explain({ to: "+4369912345678" });
    m.trace("asked " + [ways[0]?.channel, ways[0]?.rule, steps.length, refused].join(" "));
  }
  if (m.text === "shout") m.forward({ text: "SHOUT" });
  else m.forward();
});
`;

const ROUTES = `routes:
  rules:
    # Nothing goes there.
    - { name: no Russia, match: { to: '^\\+7' }, refuse: 11, reason: not there }
    - { name: to Test2, match: { to: '^4711$' }, target: smppserver/Test2 }
    - { name: statuses, match: { sms_type: '^status_report$', submit_info: '^SMPP$' }, target: ONE }
    - { name: Austria, match: { to: '^\\+43(\\d+)$' }, target: [TWO, group/OURS], from: 'AT{to.1}' }
    - { name: switched off, match: { to: '^\\+44' }, target: OFF }
  default: ONE
`;

const all = new AsyncDisposableStack();
let running: Running;
let one: Smsc;
let test1: Esme;
let test2: Esme;
let query: TestDatabase["query"];
let file: string;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-routes-"));
  all.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "all.ts"), TRIGGERS);
  const database = all.use(await freshDatabase());
  ({ query } = database);
  const log = recorderLog();
  one = all.use(await startSmsc({ host: "127.0.0.1", port: 0, rules: {}, log }));
  file = join(folder, "signalbox.yaml");
  const provider = "type: smpp-client, host: 127.0.0.1, password: x, reconnectMs: 50";
  await writeFile(
    file,
    `example: true
data: ./data
triggers: .
database: { url: "${database.url}" }
channels:
  SERVER: { type: smpp-server, address: [127.0.0.1], port: 0 }
  ONE: { ${provider}, port: ${one.port}, systemId: first, group: OURS }
  TWO: { ${provider}, port: 1, systemId: second }
  OFF: { ${provider}, port: 1, systemId: third, enabled: false }
${ROUTES}`,
  );
  const read = load({ path: file, schema: settingsSchema, env: {} });
  assert.ok(!("faults" in read), JSON.stringify(read));
  running = await start(read.settings, { base: folder, file, log });
  all.defer(() => running.stop());
  const port = running.channels.get("SERVER")?.ports()[0] ?? 0;
  const connect = async (systemId: string, password: string): Promise<Esme> =>
    all.use(await connectEsme({ host: "127.0.0.1", port, systemId, password }));
  test1 = await connect("Test1", "Pwd1");
  test2 = await connect("Test2", "Pwd2");
});

after(() => all.disposeAsync());

const api = <T>(method: "GET" | "POST" | "PUT" | "PATCH", path: string, body?: unknown) =>
  askAdmin<T>(running.admin.socket, method, path, body);

async function submit(to: string, text = "Hi"): Promise<number | undefined> {
  const { status } = await test1.submit({ from: "+31201234567", to, text });
  return status;
}

test("[C40] [Y18] [Y19] [Y26] a message goes by its rule, with what was captured, past what is down, else by the default", async () => {
  assert.equal(await submit("+31612345678", "shout"), 0);
  assert.equal(await submit("+436641234567"), 0);
  const [byDefault, changed] = await one.received(2);
  assert.equal(byDefault?.sms.octets.toString(), "SHOUT");
  assert.deepEqual(
    [changed?.sms.from.digits, changed?.sms.to.digits],
    ["AT6641234567", "436641234567"],
  );
  assert.equal(await submit("4711", "for you"), 0);
  const [delivered] = await test2.delivered(1);
  assert.equal(delivered?.sms.octets.toString(), "for you");
  assert.equal(test1.deliveries.filter(({ sms }) => sms.esmClass === 0).length, 0);
});

test("[C36] [C37] a number@name goes where it says, else the message is FAILED with a reason, as what a rule refuses", async () => {
  assert.equal(await submit("+3161234567@smpp"), 0);
  const third = (await one.received(3))[2];
  assert.deepEqual([third?.sms.to.ton, third?.sms.to.digits], [1, "3161234567"]);
  assert.equal(await submit("+316123@off._smpp"), 0x0b);
  assert.equal(await submit("+441234567"), 0x0b);
  assert.equal(await submit("+71234567"), 11);
  const rows = await query("select error from state where status = 'FAILED' order by root");
  assert.deepEqual(
    rows.map(({ error }) => error),
    ["no_route", "no_route", "11"],
  );
});

test("[Y28] [C39] a script asks the table about another message, and an account has a default of its own", async () => {
  assert.equal(await submit("+31699999999", "ask"), 0);
  await one.received(4);
  await running.settled();
  const lines = JSON.stringify(await query("select log from message"));
  assert.match(lines, /asked ONE Austria 7 /);
  assert.match(lines, /forwarded to route/);
  const patched = await api("PATCH", "/v1/accounts/Test1/options", { route: "smppserver/Test2" });
  assert.ok(patched.status < 300, JSON.stringify(patched));
  assert.equal(await submit("+31688888888", "mine"), 0);
  const [, mine] = await test2.delivered(2);
  assert.equal(mine?.sms.octets.toString(), "mine");
});

test("[Y26] routes change while the gateway runs, are refused with their place, and go back by themselves", async () => {
  const explain = async (to: string) =>
    (
      await api<{ candidates: { channel: string; rule: string }[] }>("POST", "/v1/routes/explain", {
        to,
      })
    ).body.candidates[0]?.rule;
  assert.equal(await explain("+43123"), "Austria");
  const broken =
    "routes:\n  rules:\n    - { match: { to: '^(' }, target: ONE }\n    - { target: THREE }\n";
  const refused = await api<Refusal>("PUT", "/v1/routes", { name: "r.yaml", text: broken });
  assert.match(refused.body.message, /^r\.yaml:3:22: routes\.rules\[0\]\.match\.to is no regular/);
  assert.match(refused.body.message, /r\.yaml:4:17: routes\.rules\[1\]\.target leads to THREE/);
  assert.equal(await explain("+43123"), "Austria");

  const text = "routes:\n  rules:\n    - { name: new, target: TWO }\n";
  const applied = await api<ConfigPlanView>("PUT", "/v1/routes", { name: "r.yaml", text });
  assert.deepEqual(applied.body.restart, [], JSON.stringify(applied));
  assert.equal(await explain("+43123"), "new");
  assert.ok((await readFile(file, "utf8")).endsWith(text));
  const listed = await api<RouteTableView>("GET", "/v1/routes");
  assert.deepEqual(listed.body, {
    rules: [{ place: "rules[0]", name: "new", match: {}, targets: ["TWO"] }],
  });

  const back = await api<ConfigPlanView>("POST", "/v1/routes/rollback", {});
  assert.equal(back.status, 200, JSON.stringify(back));
  assert.equal(await explain("+43123"), "Austria");
  assert.ok((await readFile(file, "utf8")).endsWith(ROUTES), "comments come back, too");
});
