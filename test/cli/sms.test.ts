import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { signalbox } from "./cli.ts";

const measure = (...args: readonly string[]) => signalbox(["sms", "measure", ...args]);

describe("sms measure", { concurrency: 4 }, () => {
  test("tells encoding, parts and what is left", async () => {
    assert.deepEqual(await measure(`${"x".repeat(152)}€ and more`), {
      out:
        "encoding  GSM 7-bit, data_coding 0x00\n" +
        "parts     2, of 153 septets each\n" +
        "length    163 septets (152 + 11), 142 left in the last part\n",
      err: "",
      code: 0,
    });
  });

  test("tells what forces Unicode, where it stands, and what plain signs would save", async () => {
    const said = await measure(`“${"x".repeat(80)}\u200b”`);
    assert.equal(
      said.out,
      "encoding  Unicode (UCS-2), data_coding 0x08\n" +
        "parts     2, of 67 UTF-16 units each\n" +
        "length    83 UTF-16 units (67 + 16), 51 left in the last part\n" +
        "\n" +
        "These force Unicode:\n" +
        "character  code    at\n" +
        "“          U+201C  1\n" +
        "-          U+200B  82\n" +
        "”          U+201D  83\n" +
        "\n" +
        "With --transliterate: GSM 7-bit, 1 part.\n",
    );
    const plain = await measure("“x”", "--transliterate");
    assert.match(plain.out, /^encoding {2}GSM 7-bit, .*\nparts {5}1, of 160 septets each\n/);
  });

  test("takes national tables, other codings and other ways to join into account", async () => {
    const turkish = await measure("ışık", "--language", "turkish");
    assert.match(turkish.out, /^encoding {2}GSM 7-bit.*\ntables {4}turkish \(locking shift\)\n/);
    const latin1 = await measure("á", "--prefer", "gsm7", "latin1");
    assert.match(latin1.out, /^encoding {2}Latin-1, data_coding 0x03\n/);
    const wide = await measure("x".repeat(161), "--split", "udh16");
    assert.match(wide.out, /2, of 152 septets each/);
  });

  test("--json gives the whole measurement", async () => {
    const said = await measure("Ж", "--json");
    const { coding, parts, forcing } = JSON.parse(said.out);
    assert.deepEqual(
      [coding, parts, forcing],
      ["ucs2", 1, [{ character: "Ж", codePoint: "U+0416", positions: [0], times: 1 }]],
    );
  });

  test("an unknown coding or language is refused with what there is", async () => {
    const said = await measure("x", "--language", "klingon");
    assert.deepEqual([said.out, said.code], ["", 2]);
    assert.match(said.err, /Allowed choices are turkish, spanish, /);
  });
});
