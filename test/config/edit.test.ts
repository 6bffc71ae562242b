import assert from "node:assert/strict";
import { test } from "node:test";
import { edited, typedValue } from "../../src/config/edit.ts";

const text = `# Top.
channels:
  A:   # the first
    host: "old"       # with blanks
    port: 1
    tls: true
  B: { host: x, port: 2 }
`;

const set = (path: string, value: unknown) => edited(text, [{ path: path.split("."), value }]);

test("a value in the place of another one changes its own characters and nothing else", () => {
  assert.equal(set("channels.A.host", "new"), text.replace('"old"', "new"));
  assert.equal(set("channels.A.port", 65_535), text.replace("port: 1", "port: 65535"));
  assert.equal(set("channels.B.host", "a, b"), text.replace("host: x", 'host: "a, b"'));
  assert.equal(set("channels.A.host", "007"), text.replace('"old"', '"007"'));
  assert.equal(set("channels.A.host", "${HOST:-x}"), text.replace('"old"', '"${HOST:-x}"'));
});

test("what comes and goes leaves the comments and all other settings", () => {
  const more = set("channels.A.reports.waitMs", 5);
  assert.match(more, /^# Top\.\n/);
  assert.match(more, /A:\n {4}# the first\n {4}host: "old" # with blanks\n/);
  assert.match(more, /\n {4}reports:\n {6}waitMs: 5\n/);
  assert.doesNotMatch(set("channels.A.port", undefined), /port: 1/);
  assert.match(set("channels.C", { host: "y" }), /\n {2}C:\n {4}host: y\n$/);
  assert.equal(edited("", [{ path: ["a"], value: 1 }]), "a: 1\n");
});

test("an anchor that others lean on stays", () => {
  const leaning = "a: &x one\nb: *x\n";
  assert.equal(edited(leaning, [{ path: ["b"], value: "two" }]), "a: &x one\nb: two\n");
});

test("where there is no place for a setting, that is told", () => {
  assert.throws(() => set("channels.A.tls.serverName", "x"), {
    code: "bad_request",
    message: "channels.A.tls has no settings of its own, so there is no place for serverName.",
  });
});

test("what is typed is read as it would stand in the file", () => {
  const typed = ["1", "true", "[a, b]", "x: y: z", "plain"].map(typedValue);
  assert.deepEqual(typed, [1, true, ["a", "b"], "x: y: z", "plain"]);
});
