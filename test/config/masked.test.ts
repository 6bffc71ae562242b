import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "../../src/config/difference.ts";
import { masked, unmasked } from "../../src/config/masked.ts";
import { z } from "../../src/config/schema.ts";

const secret = z.string().meta({ secret: true });
const schema = z.strictObject({
  name: z.string(),
  url: secret.default(""),
  channels: z.record(
    z.string(),
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("caller"), password: secret }),
      z.strictObject({ type: z.literal("listener"), password: z.string() }),
    ]),
  ),
});

const text = `name: password   # no secret
url: 'postgres://a:b@c/d'
channels:
  A: { type: caller, password: &p hidden }
  B: { type: caller, password: "\${B_PASSWORD}" }
  C: { type: caller, password: "\${C_PASSWORD:-standard}" }
  D: { type: caller, password: *p }
  E: { type: listener, password: shown }
`;

test("each secret is hidden and each reference stays, with all that stands around them", () => {
  assert.equal(
    masked(text, schema),
    text
      .replace("'postgres://a:b@c/d'", '"***"')
      .replace("hidden", '"***"')
      .replace("standard", "***"),
  );
});

test("what was hidden comes back to its place", () => {
  assert.deepEqual(unmasked(masked(text, schema), text, schema), { text });
  const changed = masked(text, schema).replace("name: password", "name: other");
  assert.deepEqual(unmasked(changed, text, schema), {
    text: text.replace("name: password", "name: other"),
  });
});

test("a hidden secret where there was none is told by its path", () => {
  const moved = masked(text, schema).replace("  A:", "  Z:");
  assert.deepEqual(unmasked(moved, text, schema), { missing: "channels.Z.password" });
});

test("each setting that differs is told with both sides, but for what is secret", () => {
  const before = schema.parse({
    name: "a",
    channels: { A: { type: "caller", password: "one" }, B: { type: "listener", password: "x" } },
  });
  const after = schema.parse({
    name: "b",
    channels: { A: { type: "caller", password: "two" }, C: { type: "caller", password: "new" } },
  });
  assert.deepEqual(differences(before, after, schema), [
    { path: "name", before: "a", after: "b" },
    { path: "channels.A.password", before: "***", after: "***" },
    { path: "channels.B", before: { type: "listener", password: "x" }, after: undefined },
    { path: "channels.C", before: undefined, after: { type: "caller", password: "***" } },
  ]);
  assert.deepEqual(differences(before, structuredClone(before), schema), []);
});
