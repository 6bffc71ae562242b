import assert from "node:assert/strict";
import { test } from "node:test";
import { CYRILLIC, HEBREW, fromTable, isInTable, toTable } from "../../src/sms/iso-8859.ts";

for (const [name, table, label, assigned] of [
  ["Cyrillic", CYRILLIC, "iso-8859-5", 256],
  ["Hebrew", HEBREW, "iso-8859-8", 220],
] as const) {
  test(`each octet of ${name} is the character that the table of the Encoding Standard names`, () => {
    const decoder = new TextDecoder(label);
    let count = 0;
    for (let octet = 0; octet < 256; octet++) {
      const read = fromTable(Buffer.of(octet), 0, table);
      const expected = decoder.decode(Buffer.of(octet));
      assert.equal(read, expected === "\ufffd" ? undefined : expected, `octet ${octet}`);
      if (read === undefined) continue;
      count++;
      assert.ok(isInTable(read, table));
      assert.deepEqual(toTable(read, table), Buffer.of(octet));
    }
    assert.equal(count, assigned);
  });
}

test("a character that the table lacks makes it unwritable as a whole", () => {
  assert.equal(toTable("Жé", CYRILLIC), undefined);
  assert.equal(isInTable("Жé", CYRILLIC), false);
  assert.equal(fromTable(Buffer.of(0x41, 0xa1), 0, HEBREW), undefined);
});
