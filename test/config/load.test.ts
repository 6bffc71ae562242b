import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { configFaultsMax, configOctetsMax, faultLine, load } from "../../src/config/load.ts";
import { z } from "../../src/config/schema.ts";

// Each test writes a file as a person would and looks at what is told: settings, or every fault with
// its line and column.

const folder = mkdtempSync(join(tmpdir(), "signalbox-config-"));
after(() => rmSync(folder, { recursive: true }));

const channel = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("listener"),
    port: z.int().min(1).max(65_535).default(2775),
    hosts: z.array(z.string()).max(2).default(["127.0.0.1"]),
  }),
  z.strictObject({
    type: z.literal("caller"),
    host: z.string().min(1),
    password: z.string().max(8).meta({ secret: true }),
    tls: z.boolean().default(false),
    share: z.number().positive().lt(1).optional(),
  }),
]);
const schema = z.strictObject({
  data: z.string().default("./data"),
  level: z.enum(["info", "debug"]).default("info"),
  example: z.boolean().default(false),
  channels: z
    .record(z.string().regex(/^[A-Z0-9_]+$/, "must be of A-Z, 0-9 and _"), channel)
    .default({}),
});

function file(content: string | Buffer): string {
  const path = join(folder, "signalbox.yaml");
  writeFileSync(path, content);
  return path;
}

function settings(content: string, env: Record<string, string> = {}) {
  const result = load({ path: file(content), schema, env });
  if ("faults" in result) assert.fail(result.faults.map(faultLine).join("\n"));
  return result.settings;
}

/** The faults as `line:column path text`. */
function faults(content: string | Buffer, env: Record<string, string> = {}): string[] {
  const result = load({ path: file(content), schema, env });
  if ("settings" in result) assert.fail("no faults");
  return result.faults.map(({ line, column, path, text }) => `${line}:${column} ${path} ${text}`);
}

test("what is left out has its default", () => {
  assert.deepEqual(settings("channels: { A: { type: listener } }"), {
    data: "./data",
    level: "info",
    example: false,
    channels: { A: { type: "listener", port: 2775, hosts: ["127.0.0.1"] } },
  });
});

test("an empty file and one of comments only are settings without entries", () => {
  assert.equal(settings("").data, "./data");
  assert.equal(settings("# nothing\n").data, "./data");
});

test("all faults are told together, each with its line and column", () => {
  const content = `# a comment
dat: ./data
level: loud
channels:
  A:
    type: listener
    port: 70000
    prot: 1
  B:
    type: caller
    password: 12345
    tls: maybe
  c: { type: listener }
  D: { type: lisener }
  E:
  F:
    type: caller
    host: ""
    password: "123456789"
    share: 1
  G: { type: listener, hosts: [a, b, c] }
example: 1
`;
  assert.deepEqual(faults(content), [
    '2:1 dat is no setting; did you mean "data"?',
    '3:8 level must be one of "info", "debug"',
    "7:11 channels.A.port must be at most 65535",
    '8:5 channels.A.prot is no setting; did you mean "port"?',
    "9:3 channels.B.host is missing; it must be text",
    "11:15 channels.B.password must be text, not a whole number",
    "12:10 channels.B.tls must be true or false, not text",
    "13:3 channels.c is not a name that may stand here: it must be of A-Z, 0-9 and _",
    '14:14 channels.D.type must be one of "listener", "caller"',
    "15:3 channels.E is empty; it must be a group of settings",
    "18:11 channels.F.host must have at least 1 character",
    "19:15 channels.F.password must have at most 8 characters",
    "20:12 channels.F.share must be below 1",
    "21:31 channels.G.hosts must have at most 2 entries",
    "22:10 example must be true or false, not a whole number",
  ]);
});

test("a key that resembles no setting is told with those that there are", () => {
  assert.deepEqual(faults("channels: { A: { type: listener, window: 3 } }"), [
    "1:34 channels.A.window is no setting; known here: hosts, port, type",
  ]);
});

test("the faulty entry of a list is found", () => {
  assert.deepEqual(
    faults("channels:\n  A:\n    type: listener\n    hosts:\n      - a\n      - 5\n"),
    ["6:9 channels.A.hosts[1] must be text, not a whole number"],
  );
});

test("[C15] a name that stands twice is refused, together with what else is wrong", () => {
  const content = "channels:\n  A: { type: listener }\n  A: { type: listener, port: 0 }\n";
  assert.deepEqual(faults(content), [
    "3:3  the same key stands here twice; keep one of the two",
    "3:30 channels.A.port must be at least 1",
  ]);
});

test("broken YAML is told with line and column and without its text", () => {
  const [first, ...more] = faults(
    'data: ./x\nchannels:\n  A: { type: "listener\nlevel: secret-word\n',
  );
  assert.match(first ?? "", /^[1-5]:\d+ {2}is no valid YAML: /);
  assert.ok(![first, ...more].some((line) => line?.includes("secret-word")));
  assert.match(faults("a: 1\n b: 2\n").join(), /^[12]:\d+ {2}is no valid YAML: /);
  assert.match(faults("--- 1\n--- 2\n").join(), /multiple documents/);
  assert.match(
    faults("data: !secret x\n").join(),
    /^1:7 {2}is no valid YAML: Unresolved tag: !secret/,
  );
});

test("a file that is a list, a text or a number is told so", () => {
  assert.deepEqual(faults("- a\n"), ["1:1  must be a group of settings, not a list"]);
  assert.deepEqual(faults("hello\n"), ["1:1  must be a group of settings, not text"]);
});

test("a reference to the environment is replaced, also within text", () => {
  const env = { NAME: "box", EMPTY: "" };
  assert.equal(settings("data: /var/${NAME}/${EMPTY}data", env).data, "/var/box/data");
  assert.equal(settings("data: ${NONE:-./here}", env).data, "./here");
  assert.equal(settings("data: ${EMPTY:-./here}", env).data, "./here");
  assert.equal(settings('data: "a$${NAME}b$NAME"', env).data, "a${NAME}b$NAME");
});

test("what the environment holds is not looked at for further references or YAML", () => {
  assert.equal(settings("data: ${A}", { A: "${B}: [x" }).data, "${B}: [x");
});

test("a value that is one reference is read as the number or boolean that the setting asks for", () => {
  const content =
    "example: ${EXAMPLE}\nchannels:\n  A: { type: listener, port: '${PORT:-2776}' }\n" +
    "  B: { type: caller, host: '${HOST}', password: '${PIN}' }\n";
  const read = settings(content, { EXAMPLE: "true", HOST: "true", PIN: "0123" });
  assert.equal(read.example, true);
  assert.deepEqual(read.channels, {
    A: { type: "listener", port: 2776, hosts: ["127.0.0.1"] },
    B: { type: "caller", host: "true", password: "0123", tls: false },
  });
  assert.deepEqual(faults(content, { EXAMPLE: "x", PORT: "99999", HOST: "h", PIN: "1" }), [
    "1:10 example must be true or false, not text",
    "3:30 channels.A.port must be at most 65535",
  ]);
});

test("a variable that is not set is named once, with its place and what to do", () => {
  const content = "channels:\n  B: { type: caller, host: h, password: '${SMPP1_PASSWORD}' }\n";
  assert.deepEqual(faults(content), [
    "2:41 channels.B.password needs the environment variable SMPP1_PASSWORD, which is not set; " +
      "set it, or write ${SMPP1_PASSWORD:-default}",
  ]);
});

test("a ${ that is no reference is told, so that no secret is cut in silence", () => {
  assert.match(
    faults('data: "${not closed"').join(),
    /^1:7 data holds a \$\{ that is no reference/,
  );
});

test("an anchor's value is checked where it is used", () => {
  const content = "channels:\n  A: &a { type: listener, port: 0 }\n  B: *a\n";
  assert.deepEqual(faults(content), [
    "2:33 channels.A.port must be at least 1",
    "2:33 channels.B.port must be at least 1",
  ]);
});

test("a command that needs one setting is not stopped by faults elsewhere", () => {
  const path = file(
    "data: ${HOME_OF_DATA:-/x}\nchannels: { A: { password: '${NOT_SET}' } }\nfoo: 1\n",
  );
  const only = { path, schema: schema.shape.data, env: {}, only: "data" };
  assert.deepEqual(load(only), { settings: "/x" });
  assert.deepEqual(load({ ...only, path: file("level: x") }), { settings: "./data" });
  const wrong = load({ ...only, path: file("level: x\ndata: 7\n") });
  assert.deepEqual("faults" in wrong && wrong.faults.map(faultLine), [
    `${path}:2:7: data must be text, not a whole number`,
  ]);
});

test("a file that cannot be read is told as one line without a place", () => {
  const told = (path: string) => {
    const result = load({ path, schema, env: {} });
    return "faults" in result ? result.faults.map(faultLine) : [];
  };
  const missing = join(folder, "missing.yaml");
  assert.deepEqual(told(missing), [`${missing}: does not exist; name another file with --config`]);
  assert.deepEqual(told(folder), [`${folder}: is a directory; name a file with --config`]);
  assert.deepEqual(faults(Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe])), ["0:0  is not UTF-8 text"]);
  assert.match(
    faults("#".repeat(configOctetsMax + 1)).join(),
    /has 1048577 octets, more than the 1048576 that are read/,
  );
});

test("a hostile file is refused and does not end the process", () => {
  const laughs = Array.from(
    { length: 9 },
    (_, n) =>
      `k${n + 1}: &k${n + 1} [${Array.from({ length: 9 }, () => (n === 0 ? "x" : `*k${n}`)).join()}]`,
  ).join("\n");
  assert.match(faults(`${laughs}\n`).join(), /cannot be read as YAML|is no setting/);
  assert.match(faults("[".repeat(200_000)).join(), /YAML/);
});

test("at most a hundred faults are told", () => {
  const keys = Array.from({ length: 150 }, (_, n) => `zzzzzzzz${n}: 1`).join("\n");
  assert.equal(faults(keys).length, configFaultsMax);
});

test("a message given where the setting is declared goes before ours", () => {
  const own = z.strictObject({ port: z.int().min(1, "needs a port above 0") });
  const result = load({ path: file("port: 0"), schema: own, env: {} });
  assert.deepEqual("faults" in result && result.faults.map(({ text }) => text), [
    "needs a port above 0",
  ]);
});
