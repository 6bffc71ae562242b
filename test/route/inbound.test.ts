/** Whose a number is: the table against a search through all rows, and what is refused to go into it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstWord } from "../../src/model/folded.ts";
import { csvLines, importLinesMax } from "../../src/route/inbound-csv.ts";
import { createNumberTable, type NumberRow, rowText } from "../../src/route/inbound.ts";
import { keywordFrom, patternFrom, patternText } from "../../src/route/number-pattern.ts";

const row = (pattern: string, account: string, keyword = ""): NumberRow => ({
  pattern: patternFrom(pattern),
  keyword: keywordFrom(keyword),
  account,
});

/** A few digits, so that rows meet. */
const digits = (most: number) =>
  fc
    .array(fc.constantFrom("1", "2", "3"), { minLength: 1, maxLength: most })
    .map((all) => all.join(""));
const word = fc.constantFrom("", "WIN", "QUIZ");
const pattern = fc.oneof(
  digits(4).map((number) => `+${number}`),
  digits(3).map((prefix) => `+${prefix}*`),
  fc.constant("*"),
  fc
    .tuple(fc.constantFrom("1", "2", "3"), digits(3), digits(3))
    .filter(([, one, other]) => one.length === other.length)
    .map(([head, one, other]) => {
      const [first, last] = [one, other].toSorted();
      return `+${head}${first}-+${head}${last}`;
    }),
);

function fits({ pattern: one }: NumberRow, number: string): boolean {
  if (one.kind === "exact") return one.number === number;
  if (one.kind === "prefix") return number.startsWith(one.prefix);
  return number.length === one.first.length && number >= one.first && number <= one.last;
}

/** Higher is nearer. */
function nearness({ pattern: one, keyword }: NumberRow): number {
  const kind = one.kind === "exact" ? 1_000 : one.kind === "range" ? 500 : one.prefix.length * 10;
  return kind + (keyword === "" ? 0 : 1);
}

test("the nearest row is found, as a search through all of them finds it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ pattern, keyword: word }), { maxLength: 30 }),
      fc.array(fc.tuple(digits(5), word), { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(30), { maxLength: 5 }),
      (wishes, questions, removals) => {
        const table = createNumberTable();
        let rows: NumberRow[] = [];
        for (const [at, wish] of wishes.entries()) {
          const one = row(wish.pattern, `A${at}`, wish.keyword);
          const inTheWay = rows.some(
            (other) =>
              other.keyword === one.keyword &&
              (rowText(other) === rowText(one) || overlap(one, other)),
          );
          assert.equal(table.inTheWay(one) !== undefined, inTheWay, rowText(one));
          if (inTheWay) continue;
          table.add(one);
          rows.push(one);
        }
        for (const at of removals) {
          const gone = rows[at];
          if (gone === undefined) continue;
          assert.equal(table.remove(gone), true);
          assert.equal(table.remove(gone), false);
          rows = rows.filter((one) => one !== gone);
        }
        assert.equal(table.size, rows.length);
        for (const [number, asked] of questions) {
          const [best] = rows
            .filter((one) => fits(one, `+${number}`) && ["", asked].includes(one.keyword))
            .toSorted((one, other) => nearness(other) - nearness(one));
          const found = table.exact(`+${number}`, asked) ?? table.wider(`+${number}`, asked);
          assert.equal(found?.account, best?.account);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function overlap({ pattern: one }: NumberRow, { pattern: other }: NumberRow): boolean {
  return (
    one.kind === "range" &&
    other.kind === "range" &&
    one.first.length === other.first.length &&
    one.first <= other.last &&
    other.first <= one.last
  );
}

test("numbers, ranges and prefixes are read, and what is none is refused in words", () => {
  for (const text of ["+31699887766", "1234", "ACME", "+3160-+3169", "+316*", "*"])
    assert.equal(patternText(patternFrom(text)), text);
  assert.deepEqual(patternFrom("1000-1000"), { kind: "exact", number: "1000" });
  for (const [text, why] of [
    ["+31-3169", /same number of digits/],
    ["+3169-+3160", /ends before it begins/],
    ["' OR '1'='1", /is no number/],
    ["+31 6", /is no number/],
    ["316**", /is no number/],
    ["", /is no number/],
  ] as const)
    assert.throws(() => patternFrom(text), why);
  assert.throws(() => keywordFrom("two words"), /not one word/);
  assert.equal(keywordFrom("gewínn"), firstWord("  GEWINN! heute"));
});

test("a file is read with its lines, and every fault of its form is told", () => {
  const columns = { must: ["number", "account"], may: ["keyword"] };
  const { lines, faults } = csvLines(
    '\uFEFFNumber;Account;Keyword\n+316*;Shop;\n\n1234;"Shop";WIN\n1;2;3;4\n',
    columns,
  );
  assert.deepEqual(lines, [
    { line: 2, fields: { number: "+316*", account: "Shop", keyword: "" } },
    { line: 4, fields: { number: "1234", account: "Shop", keyword: "WIN" } },
  ]);
  assert.deepEqual(faults, ["line 5: 4 fields, 3 are named in line 1"]);
  assert.match(
    csvLines("number,owner\n1,2\n", columns).faults.join("; "),
    /no column account.*owner is unknown/,
  );
  assert.match(csvLines('number,account\n"1,2\n', columns).faults.join(), /Quote Not Closed/);
  const many = `number,account\n${"1,2\n".repeat(importLinesMax + 1)}`;
  assert.match(csvLines(many, columns).faults.join(), /more than 50000 lines/);
  assert.match(csvLines("", columns).faults.join(), /no column number/);
});
