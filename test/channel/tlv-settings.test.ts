/** How a channel's own optional parameters are declared, and where a wrong declaration is told. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fitDeclared, tlvsOf } from "../../src/channel/tlv-settings.ts";
import { load } from "../../src/config/load.ts";
import { settingsSchema } from "../../src/settings.ts";

async function loaded(tlvs: string) {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-tlvs-"));
  const path = join(folder, "signalbox.yaml");
  try {
    await writeFile(path, `channels:\n  SERVER:\n    type: smpp-server\n    tlvs:\n${tlvs}`);
    return load({ path, schema: settingsSchema, env: {} });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("[W05] a parameter is declared by name, tag in hex or decimal, type and length", async () => {
  const read = await loaded(
    "      - { name: billingCode, tag: 0x1401, type: string, octetsMax: 20 }\n" +
      "      - { name: tariff, tag: 5122, type: int16 }\n" +
      "      - { name: note, tag: 0x1403, type: cstring }\n",
  );
  assert.ok("settings" in read, JSON.stringify(read));
  const server = read.settings.channels["SERVER"];
  assert.ok(server !== undefined && server.type !== "http-server");
  const known = tlvsOf(server);
  assert.deepEqual(
    [...(known?.declared.values() ?? [])],
    [
      { name: "billingCode", tag: 0x1401, type: "string", least: 0, most: 20 },
      { name: "tariff", tag: 0x1402, type: "int16", least: 2, most: 2 },
      { name: "note", tag: 0x1403, type: "cstring", least: 0, most: 255 },
    ],
  );
  assert.equal(tlvsOf(server), known, "made once");
  const fits = (tag: number, octets: number) =>
    fitDeclared([{ tag, octets: Buffer.alloc(octets) }], server);
  assert.deepEqual([fits(0x1401, 20), fits(0x1401, 21)], [true, false]);
  assert.deepEqual([fits(0x1402, 1), fits(0x1402, 2), fits(0x1402, 3)], [false, true, false]);
  assert.equal(fits(0x1999, 60_000), true, "nothing is known of others");
  const plain = { ...server, tlvs: [] };
  assert.equal(tlvsOf(plain), undefined, "a channel that says nothing costs nothing");
});

test("[W05] what SMPP has already, what stands twice and a number's length are refused at their place", async () => {
  const read = await loaded(
    "      - { name: billingCode, tag: 0x0204, type: string }\n" +
      "      - { name: dest_port, tag: 0x1402, type: int16 }\n" +
      "      - { name: a, tag: 0x1403, type: int8, octetsMax: 2 }\n" +
      "      - { name: b, tag: 0x1404, type: float }\n",
  );
  assert.ok("faults" in read);
  assert.deepEqual(
    read.faults.map(({ line, path }) => `${line} ${path}`),
    [
      "5 channels.SERVER.tlvs[0].tag",
      "6 channels.SERVER.tlvs[1].name",
      "7 channels.SERVER.tlvs[2].octetsMax",
      "8 channels.SERVER.tlvs[3].type",
    ],
  );
  const twice = await loaded(
    "      - { name: a, tag: 0x1403, type: octets }\n" +
      "      - { name: a, tag: 5123, type: octets }\n",
  );
  assert.ok("faults" in twice);
  assert.deepEqual(
    twice.faults.map(({ line, text }) => `${line} ${text}`),
    ["6 another entry has this name", "6 another entry has this tag"],
  );
});
