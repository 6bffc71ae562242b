/** What an operator does at night: each command against a stand-in for the gateway, words and data. */
import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { describe, test } from "node:test";
import { operatorName } from "../../cli/operator.ts";
import type { Answers, Said, Site } from "./cli.ts";
import { openSite, signalbox } from "./cli.ts";
import {
  channel,
  deadLetter,
  forwarded,
  logLevel,
  original,
  queue,
  session,
  unmatched,
  unwell,
  well,
} from "./views.ts";

/** One command at a site of its own. */
async function run(
  line: string,
  answers: Answers,
): Promise<Said & Pick<Site, "asked" | "operators">> {
  await using site = await openSite(answers);
  const said = await signalbox([...line.split(" "), "--config", site.config]);
  return { ...said, asked: site.asked, operators: site.operators };
}

describe("status", { concurrency: 4 }, () => {
  test("a gateway that is well is told on one screen with exit code 0", async () => {
    const said = await run("status", () => ({ body: well }));
    assert.deepEqual([said.code, said.err], [0, ""]);
    assert.match(said.out, /^Signalbox 0\.1\.0 is well; up .*, process 4242\n\nchannel /);
    assert.match(said.out, /SMPP1 +up +\d+ \w+ +0 +12 +\d+ \w+ +3 +0\n/);
    assert.match(said.out, /^triggers +11 active$/m);
    assert.match(
      said.out,
      /^database +own PostgreSQL 18\.4 at data\/postgres, reachable, 12\.0 MiB/m,
    );
    assert.match(said.out, /^disk +20000 MiB free, new messages are refused below 512; data$/m);
    assert.match(said.out, /^uncertain +none\nunmatched +none\ngiven up +none\n$/m);
    assert.ok(said.out.split("\n").length <= 24, "one screen");
  });

  test("troubles come first, each count names its command, and the exit code is 5", async () => {
    const said = await run("status", () => ({ body: unwell }));
    assert.deepEqual([said.code, said.err], [5, ""]);
    const [first, , ...lines] = said.out.split("\n");
    assert.match(first ?? "", /is not well: 2 troubles/);
    assert.deepEqual(
      lines.slice(0, 2),
      unwell.troubles.map((text) => `! ${text}`),
    );
    assert.equal(lines[3], "- SMPP1: it takes every certificate.");
    assert.match(said.out, /SMPP1 +down .* ago: ECONNREFUSED$/m);
    assert.match(said.out, /^triggers +10 active; broken: ACK; in quarantine: ROUTE$/m);
    assert.match(said.out, /^database .*, not reachable, 1 operation waits$/m);
    assert.match(said.out, /^uncertain +3 messages: signalbox message list --uncertain$/m);
    assert.match(said.out, /^unmatched +1 report: signalbox report unmatched$/m);
    assert.match(said.out, /^given up +2 dead letters: signalbox deadletter list$/m);
  });

  test("--json gives the same as data and the same exit codes", async () => {
    for (const [body, code] of [
      [well, 0],
      [unwell, 5],
    ] as const) {
      const said = await run("status --json", () => ({ body }));
      assert.deepEqual(JSON.parse(said.out), JSON.parse(JSON.stringify(body)));
      assert.equal(said.code, code);
    }
  });

  test("no gateway is 3; one that fails or says nothing is 5", async () => {
    await using site = await openSite();
    const none = await signalbox(["status", "--config", site.config]);
    assert.deepEqual([none.out, none.code], ["", 3]);
    const body = { code: "database_unreachable", message: "the database is away" };
    const failed = await run("status", () => ({ status: 503, body }));
    assert.deepEqual([failed.out, failed.code], ["", 5]);
    assert.match(failed.err, /^signalbox: the database is away\. Check /);
    const silent = await run("status", () => ({ body: "", silent: true }));
    assert.equal(silent.code, 5);
    assert.match(silent.err, /has said nothing for 5 s/);
  });

  test("--watch is refused where nobody looks", async () => {
    for (const line of ["status --watch", "status --watch --json"]) {
      const said = await run(line, () => ({ body: well }));
      assert.deepEqual([said.code, said.asked.length], [2, 0]);
    }
  });
});

describe("lists", { concurrency: 4 }, () => {
  const lists = [
    {
      line: "queue list",
      path: "/v1/queues",
      view: queue,
      shows: /SMPP_SERVER1\/Test1 +12 .* 3 +2$/m,
    },
    {
      line: "deadletter list",
      path: "/v1/dead-letters",
      view: deadLetter,
      shows: /-000000000003 .*02:45:31\.123 +report +no message has that id +\{"report":"404"\}/,
    },
    {
      line: "report unmatched",
      path: "/v1/reports/unmatched",
      view: unmatched,
      shows: /given up +SMPP1 +404 +UNDELIV err:006 +\+15551234567 +\+15550100001/,
    },
    {
      line: "log level",
      path: "/v1/log-levels",
      view: logLevel,
      shows: /^everything +info$/m,
    },
  ];
  for (const { line, path, view, shows } of lists)
    test(`${line} shows a table, with --json the data, and says so when there is nothing`, async () => {
      const said = await run(line, () => ({ body: [view] }));
      assert.deepEqual([said.code, said.err], [0, ""]);
      assert.match(said.out, shows);
      assert.deepEqual(
        said.asked.map((one) => `${one.method} ${one.path}`),
        [`GET ${path}`],
      );
      const data = await run(`${line} --json`, () => ({ body: [view] }));
      assert.deepEqual(JSON.parse(data.out), [JSON.parse(JSON.stringify(view))]);
      const none = await run(line, () => ({ body: [] }));
      assert.match(none.out, /^No [\w ]+[.:].*\n$/);
    });

  test("message list asks for what is stuck, uncertain or unrouted", async () => {
    for (const [options, query] of [
      ["--stuck", { only: "stuck" }],
      ["--stuck 2h", { only: "stuck", stuckMs: "7200000" }],
      ["--uncertain --channel SMPP1", { channel: "SMPP1", only: "uncertain" }],
      ["--unrouted", { only: "unrouted" }],
    ] as const) {
      const said = await run(`message list ${options}`, () => ({ body: [original] }));
      assert.deepEqual([said.code, said.err], [0, ""]);
      const asked = new URL(said.asked[0]?.path ?? "", "http://x").searchParams;
      assert.deepEqual(Object.fromEntries(asked), { limit: "20", ...query });
    }
  });

  test("message list tells why a message failed and what a peer may have twice", async () => {
    const failed = { ...original, status: "FAILED", error: "no_credit" };
    const said = await run("message list", () => ({ body: [failed, forwarded] }));
    assert.match(said.out, / FAILED \(no_credit\) +Hello/);
    assert.match(said.out, / SENT, maybe twice +\(not text\)$/m);
  });

  test("[A10] channel list tells who binds to whom, what is held, what is uncertain and the last error", async () => {
    const paused = { ...channel, state: "up", held: "paused" };
    const door = { ...channel, name: "SMPP_SERVER1", type: "smpp-server", state: "up" };
    const said = await run("channel list", () => ({ body: [paused, door] }));
    assert.match(said.out, /^SMPP_SERVER1 +smpp-server +up /m);
    assert.match(said.out, /SMPP1 +smpp-client +up, paused .* 12 .* 3 +2 .* ago: ECONNREFUSED$/m);
  });
});

describe("changes", { concurrency: 4 }, () => {
  const changes: readonly {
    readonly line: string;
    readonly call: string;
    readonly body?: unknown;
    readonly answer: unknown;
    readonly status?: number;
    readonly says: string;
  }[] = [
    {
      line: "queue retry SMPP_SERVER1/Test1",
      call: "POST /v1/queues/SMPP_SERVER1%2FTest1/retry",
      answer: { rows: 12 },
      says: "12 messages of SMPP_SERVER1/Test1 had to wait, and are due now.",
    },
    {
      line: "queue move SMPP1 SMPP2",
      call: "POST /v1/queues/SMPP1/move",
      body: { to: "SMPP2" },
      answer: { rows: 1 },
      says: "1 message of SMPP1 is moved to SMPP2.",
    },
    {
      line: "queue drop SMPP1 --yes",
      call: "POST /v1/queues/SMPP1/drop",
      answer: { rows: 0 },
      says: "0 messages of SMPP1 are cancelled.",
    },
    {
      line: "channel pause SMPP1",
      call: "POST /v1/channels/SMPP1/pause",
      answer: { ...channel, held: "paused" },
      says: "SMPP1 is paused; 12 messages wait, 3 of them in flight. It stays so over a restart, until it is resumed.",
    },
    {
      line: "channel drain SMPP1",
      call: "POST /v1/channels/SMPP1/drain",
      answer: { ...channel, held: "drained", sessions: 1, queued: 1 },
      says: "SMPP1 is being drained; 1 message waits, 3 of them in flight. It stays so over a restart, until it is resumed.",
    },
    {
      line: "channel resume SMPP1",
      call: "POST /v1/channels/SMPP1/resume",
      answer: channel,
      says: "SMPP1 goes on; 12 messages wait, 3 of them in flight.",
    },
    {
      line: `session kick ${session.id}`,
      call: `DELETE /v1/sessions/${session.id}`,
      answer: undefined,
      status: 204,
      says: `Session ${session.id} is ended.`,
    },
    {
      line: `message resend ${original.id}`,
      call: `POST /v1/messages/${original.id}/resend`,
      answer: { id: forwarded.id, root: original.id, queue: "SMPP1" },
      says: `It goes out again as ${forwarded.id}, over SMPP1.`,
    },
    {
      line: `message cancel ${original.id}`,
      call: `POST /v1/messages/${original.id}/cancel`,
      answer: { id: original.id, status: "CANCELLED" },
      says: `Message ${original.id} is CANCELLED.`,
    },
    {
      line: `deadletter retry ${deadLetter.id}`,
      call: `POST /v1/dead-letters/${deadLetter.id}/retry`,
      answer: { id: deadLetter.id, kind: "report" },
      says: `Dead letter ${deadLetter.id} (report) is worked on again.`,
    },
  ];
  for (const { line, call, body, answer, status = 200, says } of changes)
    test(`${line} is done, told, and logged with who did it`, async () => {
      const said = await run(line, () => ({ status, body: answer }));
      assert.deepEqual([said.err, said.out, said.code], ["", `${says}\n`, 0]);
      assert.deepEqual(
        said.asked.map((one) => [`${one.method} ${one.path}`, one.body]),
        [[call, body]],
      );
      assert.deepEqual(said.operators, [operatorName()]);
    });

  test("with --json a change gives its outcome as data, and what has none gives the id", async () => {
    const rows = await run("queue retry SMPP1 --json", () => ({ body: { rows: 12 } }));
    assert.deepEqual([JSON.parse(rows.out), rows.err], [{ rows: 12 }, ""]);
    const kicked = await run(`session kick ${session.id} --json`, () => ({
      status: 204,
      body: undefined,
    }));
    assert.deepEqual(JSON.parse(kicked.out), { id: session.id });
  });

  test("log level sets a level for a while, for one channel or for everything", async () => {
    const until = { atMs: Date.now() + 600_000, level: "info" };
    const answers: Answers = () => ({ body: [{ channel: "SMPP1", level: "pdu", until }] });
    const said = await run("log level pdu --channel SMPP1 --for 10m", answers);
    assert.deepEqual(said.asked, [
      {
        method: "PUT",
        path: "/v1/log-levels",
        body: { channel: "SMPP1", level: "pdu", forMs: 600_000 },
      },
    ]);
    assert.match(said.out, /^SMPP1 +pdu +to info in \d+ min$/m);
    const all = await run("log level debug", answers);
    assert.deepEqual(all.asked[0]?.body, { level: "debug" });
  });

  test("deadletter retry --all retries each, tells those that cannot be, and then exits 1", async () => {
    const second = { ...deadLetter, id: "second" };
    const refusal = { code: "internal", message: "its message is gone" };
    let lists = 0;
    const answers: Answers = ({ method, path }) => {
      // What could not be retried is still listed the second time; it is not tried for ever.
      if (method === "GET") return { body: lists++ === 0 ? [deadLetter, second] : [second] };
      return path.includes("second")
        ? { status: 500, body: refusal }
        : { body: { id: deadLetter.id, kind: "report" } };
    };
    const said = await run("deadletter retry --all", answers);
    assert.deepEqual(
      [said.out, said.code],
      ["1 dead letter is worked on again.\nsecond: its message is gone\n", 1],
    );
    assert.equal(said.asked.filter(({ method }) => method === "POST").length, 2);
    const none = await run("deadletter retry --all --json", () => ({ body: [] }));
    assert.deepEqual([JSON.parse(none.out), none.code], [{ retried: [], refused: [] }, 0]);
  });

  test("an unknown id or name is the gateway's own refusal and exits 1", async () => {
    const body = { code: "unknown_channel", message: "there is no channel NONE" };
    for (const line of ["channel pause NONE", "queue drop NONE --yes", "session kick NONE"]) {
      const said = await run(line, () => ({ status: 422, body }));
      assert.deepEqual([said.out, said.code], ["", 1], line);
      assert.match(said.err, /^signalbox: there is no channel NONE\. No channel of that name; /);
    }
  });

  test("a gateway that does not know the command yet is told as of another version", async () => {
    const body = { code: "bad_request", message: "there is no GET /v1/queues" };
    const said = await run("queue list", () => ({ status: 404, body }));
    assert.equal(said.code, 1);
    assert.match(said.err, /the gateway is of another version: there is no GET \/v1\/queues\./);
    const other = await run("queue list", () => ({ body: [{ queue: "SMPP1" }] }));
    assert.match(other.err, /the gateway's answer is of another version \(0\.name\)/);
  });

  test("an answer that is cut off is told as the end of the gateway, with exit code 3", async () => {
    const said = await run("queue list", () => ({ body: '[{"name":', cut: true }));
    assert.deepEqual([said.out, said.code], ["", 3]);
    assert.match(said.err, /the gateway of .* has just ended\. /);
  });
});

describe("what cannot be undone", { concurrency: 4 }, () => {
  for (const line of ["queue drop SMPP1", "privacy erase +15551234567"])
    test(`${line} needs --yes without a terminal, and asks nobody before`, async () => {
      const said = await run(line, () => ({ body: { rows: 1 } }));
      assert.deepEqual([said.out, said.code, said.asked.length], ["", 2, 0]);
      assert.match(said.err, /^signalbox: .* will be .*Without a terminal this needs --yes\. /);
    });

  test("privacy erase reads how far it is line by line and tells the sums", async () => {
    const erased = { messages: 2, traces: 1, reports: 0 };
    const lines = [{ done: 0, total: 3 }, { done: 3, total: 3 }, { erased }];
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const said = await run("privacy erase +15551234567 --yes", () => ({ body }));
    assert.deepEqual(
      [said.out, said.err, said.code],
      ["Erased: 2 messages, 1 trace, 0 reports.\n", "", 0],
    );
    assert.deepEqual(said.asked[0]?.body, { number: "+15551234567" });
    const data = await run("privacy erase +15551234567 --yes --json", () => ({ body }));
    assert.deepEqual(JSON.parse(data.out), { erased });
    const nothing = { erased: { messages: 0, traces: 0, reports: 0 } };
    const none = await run("privacy erase +1 --yes", () => ({ body: nothing }));
    assert.equal(none.out, "Nothing was known of it.\n");
  });

  test("an erasure that ends before its end is told as not done", async () => {
    const half = '{"done":1,"total":3}\n';
    const refusal = '{"code":"database_unreachable","message":"the database is away"}\n';
    for (const [answer, told, code] of [
      [{ body: half }, /not all of it was erased; run the same command again\./, 1],
      [{ body: half, cut: true }, /the gateway of .* has just ended\./, 3],
      [{ body: half + refusal }, /the database is away\./, 1],
      [{ body: "<html>\n" }, /the gateway's answer is of another version/, 1],
    ] as const) {
      const said = await run("privacy erase +15551234567 --yes", () => answer);
      assert.deepEqual([said.out, said.code], ["", code]);
      assert.match(said.err, told);
    }
  });
});

test("the operator is the person who typed, not root whom sudo made of him", () => {
  assert.equal(operatorName({ SUDO_USER: "anna" }), "anna");
  assert.equal(operatorName({ SUDO_USER: "" }), userInfo().username);
  assert.equal(operatorName({ SUDO_USER: "änna\r\nx: y" }), "?nna??x:?y");
  assert.equal(operatorName({ SUDO_USER: "a".repeat(100) }).length, 64);
});
