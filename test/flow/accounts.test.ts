/**
 * Accounts over a whole gateway: those of the configuration file, whom they may send as, disabling them, and
 * the report of their month. One gateway, whose file changes while it runs; the command line is the real one.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { keep } from "../../src/model/kept-password.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import type { CheckedLedger } from "../../src/store/ledger-check.ts";
import { type Said, signalbox } from "../cli/cli.ts";
import { askingCustomer } from "../support/asking.ts";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const patienceMs = 20_000;
const to = "+31612345670";
const secret = { Shop: "Zebra-7!", Hashed: "Okapi#42", Plain: "Gnu_8.Tu", Later: "Ibex+93x" };
const hashed = await keep(secret.Hashed);

const TRIGGERS = {
  "take.ts": `import { onBind, onMessage } from "signalbox";
    export const OWN = onBind({ accounts: ["Plain", "Sender"] }, async (bind, { accounts }) => {
      const found = await accounts.verify(bind);
      if (found.ok) bind.accept({ account: found.account });
      else bind.reject(found.reason);
    });
    export const TAKE = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept({ charge: 0.25 * message.parts });
      if (message.text === "fail") message.fail("as it says");
      else message.forward({ channel: "SMPP1" });
    });`,
};

const inFile = { Shop: { password: secret.Shop }, Hashed: { hash: hashed.hash } };
const gateway = await startGateway({
  triggers: TRIGGERS,
  live: true,
  settings: { accounts: inFile },
  provider: {
    outcome: (sms) => ({ answer: sms.to.digits.endsWith("1") ? 0x0b : 0, report: "none" }),
  },
});
after(() => gateway[Symbol.asyncDispose]());
const place = dirname(gateway.triggers);
const { accounts, ledger } = gateway.running.store;

const bind = (systemId: string, password: string) =>
  connectEsme({ host: "127.0.0.1", port: gateway.port, systemId, password });

async function statusOf(systemId: string, password: string): Promise<number> {
  await using esme = await bind(systemId, password);
  return esme.bindStatus;
}

function run(...args: string[]): Promise<Said> {
  return signalbox(["--config", join(place, "signalbox.yaml"), ...args]);
}

async function checked(account: string): Promise<CheckedLedger> {
  const steps = ledger.check(account);
  for (let step = await steps.next(); ; step = await steps.next())
    if (step.done === true) return step.value;
}

/** The row of what is refused is written while its answer is under way. */
async function refusedAs(what: string): Promise<void> {
  let seen = "";
  const isLast = async (): Promise<boolean> => {
    const [row] = await gateway.running.admin.messages({ all: true, limit: 1 });
    const { reason } = row?.log.at(-1)?.facts ?? {};
    seen = `${row?.kind} ${row?.status} ${String(row?.error)}: ${String(reason)}`;
    return seen === what;
  };
  assert.ok(await until(isLast, patienceMs), seen);
}

test("[Y12] accounts of the configuration file bind without a bind trigger, the rest does not, and what the file says anew ends sessions", async () => {
  assert.equal(await statusOf("Shop", secret.Shop), 0);
  assert.equal(await statusOf("Hashed", secret.Hashed), 0);
  assert.equal(await statusOf("Shop", secret.Hashed), 0x0e);
  assert.equal(await statusOf("Test1", "Pwd1"), 0x0f, "it is of the database alone");
  await refusedAs("bind FAILED unknown_account: by the configuration file");
  const all = await accounts.list();
  assert.deepEqual(
    all.map(({ id, passwordScheme }) => `${id} ${passwordScheme}`),
    ["Hashed file", "Shop file", "Test1 sha1-utf16le", "Test2 sha1-utf16le"],
  );
  const [shop, removed] = [await bind("Shop", secret.Shop), await bind("Hashed", secret.Hashed)];
  const refused = await run("account", "password", "Shop", "--password", "Another-1");
  assert.match(refused.err, /password of Shop stands in the configuration file/);

  const file = join(place, "signalbox.yaml");
  const written = JSON.parse(await readFile(file, "utf8"));
  const next = { Later: { password: secret.Later }, Shop: { password: secret.Later } };
  await writeFile(file, JSON.stringify({ ...written, accounts: next }));
  // Asked of the list, since only so many refused binds of one address are stored.
  const isKnown = async () => (await accounts.get("Later"))?.passwordScheme === "file";
  assert.ok(await until(isKnown, patienceMs));
  await Promise.all([shop.closed, removed.closed]);
  await using later = await bind("Later", secret.Later);
  assert.equal(later.bindStatus, 0);
  assert.equal(await statusOf("Shop", secret.Shop), 0x0e, "the old one is not remembered");
  assert.equal(await statusOf("Hashed", secret.Hashed), 0x0f);
  assert.equal((await accounts.get("Hashed"))?.passwordScheme, "none");
  const shown = await run("config", "show");
  assert.ok(!shown.out.includes(secret.Later), shown.out);
  await writeFile(file, JSON.stringify({ ...written, accounts: next, passwords: "strict" }));
  assert.ok(
    await until(
      async () => (await run("account", "add", "Weak", "--password", "abc")).code === 1,
      patienceMs,
    ),
  );
  const { status } = await later.submit({ from: "Shop", to, text: "bound still" });
  assert.equal(status, 0x45, "who did not change is bound still, without credit");
  const disabled = await run("account", "disable", "Later", "--end-sessions");
  assert.match(disabled.out, /1 session ended/);
  await later.closed;
  assert.equal(await statusOf("Later", secret.Later), 0x0d);
  await writeFile(file, JSON.stringify({ ...written, accounts: next }));
});

test("[I48] while a file that speaks of binds has never loaded, no password alone is enough: 0x08", async () => {
  const { engine } = gateway.running;
  const broken = async (text: string): Promise<number> => {
    await writeFile(join(gateway.triggers, "gate.ts"), text);
    await engine.rescan();
    assert.equal(engine.list().find(({ file }) => file === "gate.ts")?.state, "broken");
    return statusOf("Shop", secret.Later);
  };
  assert.equal(await broken('import { onMessage } from "signalbox"; export const'), 0);
  assert.equal(
    await broken('import { onBind } from "signalbox"; export const GATE = onBind({'),
    0x08,
  );
  await refusedAs(
    "bind FAILED trigger_unavailable: gate.ts has never loaded, and may be for binds",
  );
  // One that is sound as a text, but whose name is taken.
  const taken = TRIGGERS["take.ts"]
    .replace("TAKE", "MORE")
    .replace('["Plain", "Sender"]', '["Other"]');
  assert.equal(await broken(taken), 0x08);
  await rm(join(gateway.triggers, "gate.ts"));
  await engine.rescan();
  assert.equal(await statusOf("Shop", secret.Later), 0);
});

test("[A33] account add judges the login, sets options, and prints a sheet without the password", async () => {
  assert.ok(
    await until(async () => {
      const made = await run("account", "add", "Warned", "--password", "abc");
      return made.code === 0 && /warning: The password is weak/.test(made.err);
    }, patienceMs),
  );
  const options = ["rate=50/second", "bindsMax=3", "senders=+31201234567, +3197*, Shop"];
  const login = ["--password", secret.Plain, "--scheme", "plain"];
  const args = ["account", "add", "Plain", ...options, "--credits", "12.5", ...login];
  const made = await run(...args, "--host", "smsc.example.org");
  assert.equal(made.code, 0, made.err);
  assert.match(made.err, /kept as it is: whoever reads the database or a backup reads it/);
  for (const line of [
    "# Connection of Plain",
    /host and port \| `smsc.example.org`, port \d+|port that is found/,
    "| sessions at a time | 3 |",
    "| senders | +31201234567, +3197*, Shop |",
    "| a wrong password | 0x0E |",
    "| another sender | 0x0A |",
    '--password " wrong "',
  ])
    assert.ok(typeof line === "string" ? made.out.includes(line) : line.test(made.out), made.out);
  assert.ok(!made.out.includes(secret.Plain));
  for (const [words, why] of [
    [
      ["Long", "--password", "x".repeat(65)],
      /65 characters, and at most 64 are taken; it is not cut/,
    ],
    [["seventeen-letters", "--password", secret.Plain], /1 to 16 ASCII characters/],
    [["Bad", "--password", secret.Plain, "--credits", "-1"], /is negative/],
    [["Bad", "--password", secret.Plain, "--credits", "0.00001"], /more than 4 digits/],
    [["Bad", "--password", secret.Plain, "--credits", "1000000001"], /is more than 1000000000/],
    [["Bad", "--password", secret.Plain, "senders=a,,b"], /"" is no sender/],
    [["Bad", "--hash", "cut", "--scheme", "scrypt"], /is nothing of the scheme scrypt/],
  ] as const) {
    const said = await run("account", "add", ...words);
    assert.notEqual(said.code, 0);
    assert.match(said.err, why);
    assert.ok(!said.err.includes(secret.Plain));
  }
  assert.equal(await accounts.get("Bad"), undefined, "nothing of it is left");
  const moved = ["--hash", "DC215545BA63D605FBCD647A9555270F566D918B", "--scheme", "sha1-utf16le"];
  assert.equal((await run("account", "add", "Sender", ...moved, "--credits", "5")).code, 0);
  assert.equal(await statusOf("Sender", "Pwd1"), 0, "[A33]");
  assert.equal(await statusOf("Plain", secret.Plain), 0, "[A32]");
});

test("an account sends only as whom it may, and hears 0x0A for the rest, which costs nothing", async () => {
  await using esme = await bind("Plain", secret.Plain);
  const send = async (from: string) => (await esme.submit({ from, to, text: from })).status;
  for (const from of ["+31201234567", "+31970001", "Shop"]) assert.equal(await send(from), 0, from);
  for (const from of ["+31201234568", "+3120123456", "31970001", "Shopper", "shop"])
    assert.equal(await send(from), 0x0a, from);
  await refusedAs('sms FAILED bad_source: Plain may not send as "shop" (senders)');
  await run("account", "set", "Plain", "senders=alphanumeric");
  assert.deepEqual([await send("Anyone"), await send("+31201234567")], [0, 0x0a]);
  // Digits that call themselves a name are none.
  const forged = {
    ...smsOf({ from: "x", to, text: "x" }),
    from: { ton: 5, npi: 0, digits: "3120" },
  };
  assert.equal((await esme.submit(forged)).status, 0x0a);
  await run("account", "set", "Plain", "senders=");
  await gateway.running.settled();
  assert.equal((await checked("Plain")).balance, "11.5");
});

test("a disabled account neither binds nor sends, and its sessions end when that is asked for", async () => {
  const esme = await bind("Plain", secret.Plain);
  const said = await run("account", "disable", "Plain");
  assert.match(said.out, /Plain is disabled\. Sessions that are bound stay\./);
  assert.equal((await esme.submit({ from: "Shop", to, text: "no" })).status, 0x45);
  await refusedAs("sms FAILED account_disabled: the account Plain is disabled");
  assert.equal(await statusOf("Plain", secret.Plain), 0x0d);
  await refusedAs("bind FAILED bind_refused: the account Plain is disabled");
  await run("account", "enable", "Plain");
  assert.equal((await esme.submit({ from: "Shop", to, text: "yes" })).status, 0);
  const args = ["account", "password", "Plain", "--password", secret.Later, "--scheme", "plain"];
  assert.match((await run(...args, "--end-sessions")).out, /new password\. 1 session ended\./);
  await esme.closed;
  assert.equal(await statusOf("Plain", secret.Plain), 0x0e, "the old one is not remembered");
  assert.equal(await statusOf("Plain", secret.Later), 0);
  assert.match((await run("account", "disable", "Nobody")).err, /no account Nobody/);
});

test("[B16] accepted - refunded = committed with messages that expire, are taken back, fail and go", async () => {
  await using esme = await askingCustomer(gateway.port, { systemId: "Sender", password: "Pwd1" });
  const before = await checked("Sender");
  assert.equal(before.balance, "5");
  assert.equal((await run("channel", "pause", "SMPP1")).code, 0);
  const [gone, kept] = [
    await esme.submit({ text: "take me back" }),
    await esme.submit({ text: "x".repeat(200) }),
  ];
  const expiring = await esme.submit({ text: "soon", validityPeriod: "000000000001000R" });
  await esme.submit({ text: "fail" });
  assert.equal((await checked("Sender")).held, "1");
  const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: "31699887766" };
  assert.equal((await esme.ask("cancel_sm", { message_id: gone, ...source })).status, 0);
  const { admin } = gateway.running;
  const stateOf = async (id: string) => (await admin.lives(id))[0]?.status;
  assert.ok(await until(async () => (await stateOf(expiring)) === "EXPIRED", patienceMs));
  assert.equal((await run("channel", "resume", "SMPP1")).code, 0);
  assert.ok(await until(async () => (await stateOf(kept)) === "SENT", patienceMs));
  await esme.submit({ text: "refused", to: { ton: 1, npi: 1, digits: "31612345671" } });
  const isSettled = async (): Promise<boolean> => (await checked("Sender")).held === "0";
  assert.ok(await until(isSettled, patienceMs));
  const after = await checked("Sender");
  assert.deepEqual([after.faults, after.committed, after.balance], [[], "0.5", "4.5"]);
  const entries = await ledger.entries("Sender", 1_000);
  const sumOf = (kind: string): number =>
    entries.reduce((sum, one) => sum + (one.kind === kind ? one.credits : 0), 0);
  assert.deepEqual([sumOf("hold"), sumOf("refund"), sumOf("commit")], [1.25, 0.75, 0.5]);

  await accounts.setOptions("Sender", { refunds: "never" });
  await esme.submit({ text: "fail" });
  const paid = await checked("Sender");
  assert.deepEqual([paid.committed, paid.balance, paid.held], ["0.75", "4.25", "0"]);
});

test("ledger report tells a month to the unit as CSV and JSON, and account list what was used", async () => {
  await run("account", "credit", "Sender", "2", "--note", '=1+1, "so"');
  const csv = await run("ledger", "report", "Sender");
  assert.equal(csv.code, 0, csv.err);
  const [head, ...lines] = csv.out.trimEnd().split("\n");
  assert.equal(
    head,
    "day,what,channel,route,parts,price,messages,held,committed,refunded,paid_in,balance,by,note",
  );
  const day = new Date().toISOString().slice(0, 10);
  assert.deepEqual(
    lines.map((line) => line.replace(/,[^,]*,("'=.*)$/, ",who,$1")).toSorted(),
    [
      `${day},messages,SMPP1,,1,0.25,3,0,0,0.75,0,6.25,,`,
      `${day},messages,SMPP1,,2,0.5,1,0,0.5,0,0,6.25,,`,
      `${day},messages,SMPP_SERVER1,,1,0.25,1,0,0.25,0,0,6.25,,`,
      `${day},opening,,,,,0,0,0,0,5,6.25,signalbox,`,
      `${day},topup,,,,,0,0,0,0,2,6.25,who,"'=1+1, ""so"""`,
    ].toSorted(),
  );
  const json = JSON.parse((await run("--json", "ledger", "report", "Sender")).out);
  const { rows, ...sums } = json;
  assert.equal(rows.length, lines.length);
  assert.deepEqual(sums, {
    account: "Sender",
    month: day.slice(0, 7),
    opening: "0",
    paidIn: "7",
    messages: 5,
    held: "0",
    committed: "0.75",
    refunded: "0.75",
    balance: "6.25",
  });
  for (const [args, why] of [
    [["Nobody"], /no account Nobody/],
    [["Sender", "--month", "2026-13"], /"2026-13" is no month/],
    [["Sender", "--month", "2099-01"], /still to come/],
    [["Sender", "--month", "2001-01"], /days ago/],
  ] as const) {
    const said = await run("ledger", "report", ...args);
    assert.deepEqual([said.code, said.out.startsWith("day")], [1, false], said.out);
    assert.match(said.err, why);
  }
  const { out } = await run("account", "list", "--usage");
  assert.match(out, /^Sender +6\.25 +0 +sha1-utf16le +enabled +5 +1\.5 +0\.75 +0\.75/m);
});

test("an export into a full disk, and a top-up into one, leave nothing half done", async (t) => {
  const sums = await checked("Sender");
  await gateway.query(`create function no_room() returns trigger language plpgsql as $$
    begin raise exception using errcode = '53100', message = 'No space left on device'; end $$`);
  await gateway.query(
    "create trigger full_disk before insert on ledger for each row execute function no_room()",
  );
  const refused = await run("account", "credit", "Sender", "3");
  assert.match(refused.err, /disk is full: nothing was changed/);
  assert.notEqual((await run("account", "add", "New", "--password", secret.Shop)).code, 0);
  await gateway.query("drop trigger full_disk on ledger");
  assert.deepEqual(await checked("Sender"), sums);
  assert.equal(await accounts.get("New"), undefined);

  const disk = join(place, "disk");
  await mkdir(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    t.skip("this machine does not let a tmpfs be mounted");
    return;
  }
  try {
    const file = join(disk, "month.csv");
    await writeFile(join(disk, "ballast"), Buffer.alloc(16_384));
    const said = await run("ledger", "report", "Sender", "--out", file);
    assert.equal(said.code, 1, said.out);
    assert.match(said.err, /month\.csv cannot be written: the disk is full/);
    const day = new Date().toISOString().slice(0, 10);
    const records = await run("record", "export", "--day", day, "--to", disk);
    assert.notEqual(records.code, 0);
    assert.match(records.err, /no space left|disk is full/i);
    assert.deepEqual(await readdir(disk), ["ballast"]);
    await rm(join(disk, "ballast"));
    assert.equal((await run("ledger", "report", "Sender", "--out", file)).code, 0);
    assert.match(await readFile(file, "utf8"), /^day,what/);
    assert.match((await run("ledger", "report", "Sender", "--out", file)).err, /is there already/);
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("[A08] after all that no password is in the log, a trace or the database, but of the scheme plain", async () => {
  const told = [
    JSON.stringify(gateway.log.lines),
    JSON.stringify(await gateway.running.admin.messages({ all: true, limit: 1_000 })),
    JSON.stringify(await gateway.running.admin.accounts()),
  ].join("\n");
  const [dump] = await gateway.query<{ xml: string }>(
    "select database_to_xml(true, false, '')::text as xml",
  );
  const stored = dump?.xml ?? "";
  assert.match(stored, /<id>Plain<\/id>/);
  for (const password of Object.values(secret)) assert.ok(!told.includes(password));
  for (const password of [secret.Shop, secret.Hashed, secret.Plain])
    assert.ok(!stored.includes(password), "the last one was plain until it was changed");
  assert.equal(stored.split(secret.Later).length, 2, "in the row of Plain, and nowhere else");
});
