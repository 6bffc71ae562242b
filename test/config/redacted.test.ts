import assert from "node:assert/strict";
import { test } from "node:test";
import { redacted } from "../../src/config/redacted.ts";
import { z } from "../../src/config/schema.ts";

const password = z.string().meta({ secret: true }).describe("Password.");
const schema = z.strictObject({
  database: z.string().meta({ secret: true }).optional(),
  channels: z.record(
    z.string(),
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.literal("a"), password: password.default("") }),
      z.strictObject({ type: z.literal("b"), password: z.string() }),
    ]),
  ),
  peers: z.array(z.strictObject({ name: z.string(), keys: z.array(password) })),
  either: z.union([z.string(), password]).optional(),
});

test("secrets are shown as stars wherever they stand, all else as it is", () => {
  const settings = {
    database: "postgres://me:pw@host/db",
    channels: { X: { type: "a", password: "pw" }, Y: { type: "b", password: "shown" } },
    peers: [{ name: "n", keys: ["k1", "k2"] }],
    either: "could be one",
  };
  assert.deepEqual(redacted(settings, schema), {
    database: "***",
    channels: { X: { type: "a", password: "***" }, Y: { type: "b", password: "shown" } },
    peers: [{ name: "n", keys: ["***", "***"] }],
    either: "***",
  });
  assert.equal(settings.database, "postgres://me:pw@host/db");
});

test("a secret that is not given is not made up", () => {
  const settings = { database: undefined, channels: {}, peers: [] };
  assert.deepEqual(redacted(settings, schema), settings);
});
