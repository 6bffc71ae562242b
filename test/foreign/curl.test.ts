// curl as a customer of the HTTP channel: each line of docs/http.md does what the page says, and a walk
// through what a customer does all day. Where there is no curl this says so.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { type TestApi, startApi } from "../http-server/api.ts";
import { until } from "../support/gateway-process.ts";

const skip = spawnSync("curl", ["--version"]).error !== undefined && "curl is missing";

/** ms. */
const patienceMs = 30_000;

const page = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8");

/** Each command that begins with curl, its lines joined, in the order of the page. */
const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
  block
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.startsWith("curl ")),
);

const TRIGGERS = {
  "all.ts": `import { onBind, onMessage, onReport } from "signalbox";
    export const BIND = onBind({}, async (bind, { accounts }) => {
      const found = await accounts.verify(bind);
      if (found.ok) bind.accept({ account: found.account });
      else bind.reject(found.reason);
    });
    export const OUT = onMessage({ channels: ["HTTP1"] }, (message) => {
      message.accept();
      message.forward({ channel: "SMPP1" });
    });
    export const IN = onMessage({ channels: ["SMPP1"] }, (message) => {
      message.forward({ channel: "HTTP1", account: "Test1" });
    });
    export const APPLY = onReport({}, (report) => report.apply());`,
};

let api: TestApi;
let environment: Readonly<Record<string, string>>;
before(async () => {
  if (skip !== false) return;
  api = await startApi({ triggers: TRIGGERS });
  const KEY = await api.key({ scopes: ["admin"] });
  environment = { PATH: process.env["PATH"] ?? "", KEY, API: `http://127.0.0.1:${api.port}` };
});
after(() => api?.[Symbol.asyncDispose]());

/** A line of a shell in which curl fails when it is refused and does not wait for ever. */
async function shell(line: string, ID = ""): Promise<string> {
  const careful = 'curl() { command curl --fail-with-body --max-time 40 "$@"; }';
  const child = spawn("bash", ["-c", `${careful}\n${line}`], { env: { ...environment, ID } });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  assert.equal(code, 0, `${line}\n${out}${err}`);
  return out;
}

const asked = async (line: string, id?: string) => JSON.parse(await shell(`curl -s ${line}`, id));

const auth = '-H "Authorization: Bearer $KEY"';
const json = '-H "Content-Type: application/json"';
const sending = (body: object, more = "") =>
  `$API/v1/messages ${auth} ${json} ${more} -d '${JSON.stringify(body)}'`;

/** Follows the live tail as the page says; stops when it is left. */
function tail() {
  const line = lines.find((one) => one.includes("/v1/events")) ?? "";
  // Without `exec` the shell would be ended and curl would go on.
  const child = spawn("bash", ["-c", `exec ${line}`], { env: environment });
  let heard = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => (heard += more));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    hears: async (words: RegExp) => {
      assert.ok(await until(async () => words.test(heard), patienceMs), heard);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

test("[I01] each curl line of docs/http.md is answered as a success", { skip }, async () => {
  assert.ok(lines.length >= 17, `${lines.length} lines were found`);
  await api.gateway.provider.inject({ from: "+31600000001", to: "3000", text: "fetch me" });
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const ids = { message: "", scheduled: "", batch: "", inbound: "" };
  ids.scheduled = (await asked(sending({ to: "+31612345678", text: "x", send_at: inAnHour }))).id;
  for (const written of lines) {
    if (written.includes("/v1/events")) continue;
    // The moment on the page is past one day, and is further ahead than is allowed before.
    const line = written.replace(/("send_at": )"[^"]*"/, `$1"${inAnHour}"`);
    const isSend = line.includes("$API/v1/messages ");
    const id = line.includes("/batches/$ID")
      ? ids.batch
      : line.includes("/inbound/$ID")
        ? ids.inbound
        : line.includes("-X DELETE")
          ? ids.scheduled
          : ids.message;
    const said = JSON.parse(await shell(line, id));
    if (isSend) ids.message = said.id;
    if (line.includes("$API/v1/batches ")) ids.batch = said.id;
    if (line.includes("/v1/inbound?")) ids.inbound = said.items[0].id;
    if (line.includes("/ack")) assert.equal(said.status, "acknowledged");
    if (line.includes("messages:dry-run")) assert.deepEqual(said.route, ["SMPP1"]);
  }
});

test(
  "[A01] a customer with curl sends, is told live, finds it delivered, repeats himself safely, and fetches his answers",
  { skip },
  async () => {
    await using live = tail();
    await live.hears(/^retry:/);
    const body = { to: "+31612345678", text: "Hello", client_reference: "walk-1" };
    const once = `-H "Idempotency-Key: walk-1" -i`;
    const first = await shell(`curl -s ${sending(body, once)}`);
    assert.match(first, /^HTTP\/1.1 202 /);
    const again = await shell(`curl -s ${sending(body, once)}`);
    assert.match(again, /^HTTP\/1.1 202 /);
    assert.match(again, /^idempotent-replayed: true\r$/m);
    const bodyOf = (answer: string) => JSON.parse(answer.split("\r\n\r\n")[1] ?? "");
    assert.deepEqual(bodyOf(again), bodyOf(first));
    const { id } = bodyOf(first);
    await live.hears(new RegExp(`event: message.delivered\ndata: .*${id}`));
    const byReference = `"$API/v1/messages?client_reference=walk-1&status=delivered" ${auth}`;
    const listed = async () => (await asked(byReference)).messages;
    assert.ok(await until(async () => (await listed()).length === 1, patienceMs));
    assert.equal((await listed())[0].id, id);

    const messages = ["One", "Two", "Three"].map((said, n) => ({
      to: `+3161234567${n}`,
      text: said,
    }));
    const batch = await asked(
      `$API/v1/batches ${auth} ${json} -d '${JSON.stringify({ messages })}'`,
    );
    assert.deepEqual([batch.accepted, batch.refused, batch.items.length], [3, 0, 3]);
    const delivered = async () => (await asked(`$API/v1/batches/$ID ${auth}`, batch.id)).statuses;
    assert.ok(await until(async () => (await delivered()).delivered === 3, patienceMs));

    await api.gateway.provider.inject({ from: "+31600000001", to: "3000", text: "Grüße" });
    const fetched = await asked(`"$API/v1/inbound?wait=30" ${auth}`);
    assert.deepEqual(
      fetched.items.map((one: { text: string }) => one.text),
      ["Grüße"],
    );
    await shell(`curl -s -X POST $API/v1/inbound/$ID/ack ${auth}`, fetched.items[0].id);
    assert.deepEqual((await asked(`$API/v1/inbound ${auth}`)).items, []);
  },
);
