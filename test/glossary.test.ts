// docs/glossary.md: the words of the other pages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const page = readFileSync(new URL("../docs/glossary.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)]
  .map(([, word = "", meaning = ""]) => ({ word: word.trim(), meaning: meaning.trim() }))
  .slice(1);

test("[W14] each word is explained once, in the order of the alphabet, and SMSC means any SMPP server", () => {
  const words = rows.map(({ word }) => word.toLowerCase());
  assert.ok(words.length > 20);
  assert.deepEqual(words, [...new Set(words)].sort());
  const smsc = rows.find(({ word }) => word === "SMSC")?.meaning ?? "";
  assert.match(smsc, /any SMPP server/);
  assert.match(smsc, /gateway/);
});
