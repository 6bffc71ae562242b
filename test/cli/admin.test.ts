// Tokens for the admin port.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parse } from "yaml";
import { settingsSchema } from "../../src/settings.ts";
import { signalbox } from "./cli.ts";

test("a token is new each time, 256 bits long, and its line is one that the configuration takes", async () => {
  const tokens = new Set<string>();
  for (const name of ["ann", "prometheus@site-1"]) {
    const { code, out } = await signalbox(["admin", "token", name]);
    assert.equal(code, 0);
    const token = /^Token: +(\S+)$/m.exec(out)?.[1] ?? "";
    assert.equal(Buffer.from(token, "base64url").length, 32);
    tokens.add(token);
    const line = /^ +- \{.*\}$/m.exec(out)?.[0] ?? "";
    const admin = { tokens: parse(line) as unknown };
    const settings = settingsSchema.parse({ channels: {}, admin });
    const sha256 = createHash("sha256").update(token).digest("hex");
    assert.deepEqual(settings.admin?.tokens, [{ name, sha256 }]);
  }
  assert.equal(tokens.size, 2);
});

test("as JSON it is name, token and sha256; a name that the log could not show is refused", async () => {
  const { out } = await signalbox(["--json", "admin", "token", "ann"]);
  const made: unknown = JSON.parse(out);
  assert.ok(typeof made === "object" && made !== null);
  assert.deepEqual(Object.keys(made), ["name", "token", "sha256"]);
  for (const name of ["", "a b", "x".repeat(65), "ann\n"])
    assert.equal((await signalbox(["admin", "token", name])).code, 2, name);
});
