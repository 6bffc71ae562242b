import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { arrayText } from "../../src/store/array-text.ts";
import { type ElementName, binaryArray } from "../../src/store/binary-array.ts";
import { freshDatabase } from "../support/database.ts";

const VALUES: Record<ElementName, fc.Arbitrary<string | number | boolean>> = {
  int2: fc.integer({ min: -32_768, max: 32_767 }),
  int4: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  // Its text form has no negative zero.
  float8: fc.double().map((value) => value + 0),
  bool: fc.boolean(),
  uuid: fc.uuid(),
};

test("PostgreSQL reads an array in its binary form as it reads its texts", async () => {
  await using db = await freshDatabase({ empty: true });
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  const types = ["int2", "int4", "float8", "bool", "uuid"] as const;
  const given = fc
    .constantFrom(...types)
    .chain((type) =>
      fc.tuple(fc.constant(type), fc.array(fc.option(VALUES[type], { nil: undefined }))),
    );
  await fc.assert(
    fc.asyncProperty(given, async ([type, values]) => {
      const array = binaryArray(type, values);
      assert.ok(Buffer.isBuffer(array));
      const { rows } = await client.query(`select $1::${type}[]::text a, $2::${type}[]::text b`, [
        array,
        arrayText(values.map((one) => one ?? "NULL")),
      ]);
      assert.equal(rows[0].a, rows[0].b);
    }),
    { numRuns: 500 },
  );
  await client.end();
});

test("what an array cannot hold goes to PostgreSQL as text, which refuses it", () => {
  const wrong: readonly (readonly [ElementName, string | number | boolean])[] = [
    ["int2", 32_768],
    ["int2", 1.5],
    ["int4", 2 ** 31],
    ["int4", Number.NaN],
    ["float8", "one"],
    ["bool", 1],
    ["uuid", "0190a5b0-0000-7000-8000-00000000000g"],
    ["uuid", "0190a5b0-0000-7000-8000-0000000000000"],
    ["uuid", ""],
  ];
  for (const [type, value] of wrong)
    assert.equal(binaryArray(type, [undefined, value]), `{NULL,${value}}`);
});
