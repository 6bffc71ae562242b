import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { arrayText, jsonList, quoted, quotedOctets } from "../../src/store/array-text.ts";
import { freshDatabase } from "../support/database.ts";

test("PostgreSQL reads back any text, octets and numbers that go into an array", async () => {
  await using db = await freshDatabase({ empty: true });
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  const text = fc.option(fc.string({ unit: "binary" }), { nil: undefined });
  const octets = fc.option(fc.uint8Array(), { nil: undefined });
  const number = fc.option(fc.integer({ min: -2e9, max: 2e9 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1 }),
      fc.array(octets),
      fc.array(number),
      async (texts, blobs, numbers) => {
        const { rows } = await client.query("select $1::text[] t, $2::bytea[] b, $3::int[] n", [
          arrayText(texts.map(quoted)),
          arrayText(blobs.map((one) => quotedOctets(one && Buffer.from(one)))),
          arrayText(numbers.map((one) => one ?? "NULL")),
        ]);
        const stored = texts.map((one) => one?.replaceAll("\0", "\u{FFFD}").toWellFormed() ?? null);
        assert.deepEqual(rows[0], {
          t: stored,
          b: blobs.map((one) => (one === undefined ? null : Buffer.from(one))),
          n: numbers.map((one) => one ?? null),
        });
      },
    ),
    { numRuns: 200 },
  );
  await client.end();
});

test("PostgreSQL takes a list of JSON texts apart again, whatever the texts hold", async () => {
  await using db = await freshDatabase({ empty: true });
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  const json = fc.json().map((one) => JSON.stringify(JSON.parse(one)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(json, { nil: undefined }), { minLength: 2 }),
      async (list) => {
        const { rows } = await client.query("select string_to_array($1, e'\\x1f', '') as read", [
          jsonList(list),
        ]);
        assert.deepEqual(
          rows[0].read,
          list.map((one) => one?.replaceAll("\0", "") ?? null),
        );
      },
    ),
    { numRuns: 100 },
  );
  await client.end();
});
