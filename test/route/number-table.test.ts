/** Number tables against a naive search, and what a file may look like. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAmount } from "../../src/model/amount.ts";
import type { NumberTableEntry, NumberTableOptions } from "../../src/model/number-table.ts";
import { numberTable } from "../../src/route/number-table.ts";
import type { NumberTable } from "../../src/route/question.ts";
import { prefixStretch, rangeStretch, selectorOf, stretchText } from "../../src/route/stretch.ts";
import { type TableFault, octetsOf, tableBuilder } from "../../src/route/table-builder.ts";
import { entriesOfCsv } from "../../src/route/table-csv.ts";
import { csvLines } from "../../src/route/table-text.ts";

const usual: NumberTableOptions = { qualityMin: 0, perProvider: false };
const nowMs = Date.UTC(2027, 0, 1);

async function* chunksOf(text: string | Buffer, size = 7): AsyncGenerator<Buffer> {
  const octets = Buffer.from(text);
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function read(text: string | Buffer) {
  const faults: TableFault[] = [];
  const entries: NumberTableEntry[] = [];
  for await (const batch of entriesOfCsv(chunksOf(text), (fault) => faults.push(fault)))
    entries.push(...batch);
  const byLine = faults.toSorted((one, other) => one.line - other.line);
  return { entries, faults: byLine.map(({ line, text: why }) => `${line} ${why}`) };
}

/** As PostgreSQL gives them. */
function sorted(entries: readonly NumberTableEntry[]): readonly NumberTableEntry[] {
  const order = (one: string, other: string) => (one < other ? -1 : Number(one > other));
  return entries.toSorted(
    (one, other) =>
      one.low - other.low ||
      other.high - one.high ||
      order(one.network, other.network) ||
      order(one.provider, other.provider) ||
      one.line - other.line,
  );
}

function pack(entries: readonly NumberTableEntry[], options = usual, networksElsewhere = false) {
  const faults: string[] = [];
  const fault = ({ line, text }: TableFault) => faults.push(`${line} ${text}`);
  const builder = tableBuilder({ size: entries.length, options, networksElsewhere, fault });
  for (const entry of sorted(entries)) builder.add(entry);
  return { packed: builder.finish(), faults };
}

async function tableOf(
  text: string,
  options: NumberTableOptions = usual,
  portedText?: string,
): Promise<NumberTable> {
  const { entries, faults } = await read(text);
  const made = pack(entries, options);
  assert.deepEqual([...faults, ...made.faults], []);
  const ported =
    portedText === undefined
      ? undefined
      : pack((await read(portedText)).entries, usual, true).packed;
  return numberTable({ name: "t", table: made.packed, ported: () => ported, nowMs: () => nowMs });
}

const providers = (table: NumberTable, number: string) =>
  table.find(number).entries.map(({ provider }) => provider);

test("[A02] the longest prefix is found as a naive search finds it, whatever the table", () => {
  const digits = (min: number, max: number) =>
    fc.string({ unit: fc.constantFrom("0", "1", "2"), minLength: min, maxLength: max });
  fc.assert(
    fc.property(
      fc.uniqueArray(digits(1, 7), { maxLength: 40 }),
      fc.array(digits(1, 15), { minLength: 1, maxLength: 30 }),
      fc.uniqueArray(digits(8, 9), { maxLength: 5 }),
      (prefixes, numbers, exact) => {
        const entry = (line: number, provider: string) => ({
          line,
          network: "",
          provider,
          price: undefined,
          quality: undefined,
          weight: 1,
          validFromS: 0,
          blocked: false,
        });
        const entries: NumberTableEntry[] = prefixes.map((prefix, n) => ({
          ...entry(n + 2, `P${prefix}`),
          ...prefixStretch(prefix),
        }));
        for (const number of exact) {
          const { low } = prefixStretch(number);
          entries.push({ ...entry(100, `N${number}`), low, high: low });
        }
        const { packed, faults } = pack(entries);
        assert.deepEqual(faults, []);
        const table = numberTable({
          name: "t",
          table: packed,
          ported: () => undefined,
          nowMs: () => nowMs,
        });
        for (const number of [...numbers, ...exact, ...prefixes]) {
          const longest = prefixes
            .filter((prefix) => number.startsWith(prefix))
            .toSorted((one, other) => other.length - one.length)[0];
          const naive = exact.includes(number)
            ? [`N${number}`]
            : longest === undefined
              ? []
              : [`P${longest}`];
          assert.deepEqual(providers(table, number), naive, number);
          assert.deepEqual(providers(table, `+${number}`), naive);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("[A02] ranges within ranges and price lists are found as a naive search finds them", () => {
  const line = fc.record({
    from: fc.nat(99),
    length: fc.constantFrom(1, 2, 5, 10, 40),
    provider: fc.constantFrom("A", "B", "C"),
    price: fc.nat(3),
    blocked: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(line, {
        maxLength: 25,
        selector: ({ from, length, provider }) => `${from - (from % length)} ${length} ${provider}`,
      }),
      fc.boolean(),
      (lines, perProvider) => {
        const two = (n: number) => String(n).padStart(2, "0");
        // Beginning at a multiple of their length they lie within one another or apart.
        const ranges = lines.map(({ from, length, ...rest }) => {
          const first = length === 40 ? 0 : from - (from % length);
          return { ...rest, first, last: Math.min(99, first + (length === 40 ? 99 : length - 1)) };
        });
        const kept = ranges
          .filter(
            (one, nth) =>
              nth ===
              ranges.findIndex(
                (other) =>
                  other.first === one.first &&
                  other.last === one.last &&
                  other.provider === one.provider,
              ),
          )
          .filter(
            (one) =>
              !ranges.some(
                (other) =>
                  (other.first < one.first && one.first <= other.last && other.last < one.last) ||
                  (one.first < other.first && other.first <= one.last && one.last < other.last),
              ),
          );
        const { packed, faults } = pack(
          kept.map(({ first, last, provider, price, blocked }, nth) => ({
            line: nth + 2,
            ...rangeStretch(two(first), two(last)),
            network: "",
            provider,
            price,
            quality: undefined,
            weight: 1,
            validFromS: 0,
            blocked,
          })),
          { qualityMin: 0, perProvider },
        );
        assert.deepEqual(faults, []);
        const table = numberTable({
          name: "t",
          table: packed,
          ported: () => undefined,
          nowMs: () => nowMs,
        });
        for (let n = 0; n < 100; n++) {
          const around = kept
            .filter(({ first, last }) => first <= n && n <= last)
            .toSorted((one, other) => one.last - one.first - (other.last - other.first));
          // The innermost line of each provider, as far out as anything is looked at.
          const heard = new Map<string, (typeof around)[number]>();
          for (const one of around) if (!heard.has(one.provider)) heard.set(one.provider, one);
          const open = [...heard.values()].filter(({ blocked }) => !blocked);
          const closest = Math.min(...open.map(({ first, last }) => last - first));
          const naive = open
            .filter(({ first, last }) => perProvider || last - first === closest)
            .map(({ provider, price }) => `${provider} ${price / 10_000}`);
          const found = table
            .find(`${two(n)}123`)
            .entries.map(({ provider, price }) => `${provider} ${Number(price)}`);
          assert.deepEqual(found.toSorted(), naive.toSorted(), two(n));
          const prices = found.map((one) => Number(one.split(" ")[1]));
          assert.deepEqual(
            prices,
            prices.toSorted((one, other) => one - other),
          );
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("[A02] the cheapest whose quality suffices comes first, and the others are told with why", async () => {
  const csv = [
    "provider,prefix,price,quality,weight",
    "CHEAP,316,0.01,40,1",
    "GOOD,316,0.02,90,1",
    "DEAR,316,0.0301,95,1",
    "UNKNOWN,316,,,1",
    "WIDE,31,0.001,99,1",
  ].join("\n");
  const table = await tableOf(csv, { qualityMin: 80, perProvider: false });
  const { entries, passedOver = [] } = table.find("+31612345678");
  assert.deepEqual(
    entries.map(({ provider, price, quality }) => [provider, price, quality]),
    [
      ["GOOD", "0.02", 90],
      ["DEAR", "0.0301", 95],
      ["UNKNOWN", undefined, undefined],
    ],
  );
  assert.equal(entries[0]?.why, "316… in t: 0.02, 3 to choose from");
  assert.deepEqual(passedOver, [
    { target: "CHEAP", why: "quality 40, asked is 80" },
    { target: "WIDE", why: "31…: a closer match was found" },
  ]);
  // As price lists are meant: the cheapest is one with a shorter prefix.
  const lists = await tableOf(csv, { qualityMin: 80, perProvider: true });
  assert.deepEqual(providers(lists, "31612345678"), ["WIDE", "GOOD", "DEAR", "UNKNOWN"]);
  for (const none of ["+4912345678", "Bank", "", "+", "1234567890123456"])
    assert.deepEqual(table.find(none).entries, [], none);
});

test("weights share what costs the same, each number always the same way, and 0 is for when others fail", async () => {
  const table = await tableOf(
    "prefix;provider;price;weight\n49;A;0.05;3\n49;B;0.05;1\n49;C;0.05;0\n49;D;0.06;1000",
  );
  const first: Record<string, number> = {};
  for (let n = 0; n < 4_000; n++) {
    const order = providers(table, `49171${String(n).padStart(7, "0")}`);
    first[order[0] ?? ""] = (first[order[0] ?? ""] ?? 0) + 1;
    assert.deepEqual(order.slice(2), ["C", "D"]);
  }
  const { A = 0, B = 0 } = first;
  assert.equal(A + B, 4_000);
  assert.ok(Math.abs(A - 3_000) < 150, `${A} of 4000`);
  assert.deepEqual(providers(table, "49171"), providers(table, "49171"));
});

test("what is blocked stays blocked but for what is named within it; a time makes a line hold", async () => {
  const table = await tableOf(
    [
      "prefix,provider,valid_from,blocked,price",
      "44,A,,,0.01",
      "447,,,yes,",
      "44770,B,,,0.02",
      "33,A,,,0.01",
      "336,A,,yes,",
      "33,B,,,0.02",
      "1,A,,,0.01",
      "1,A,2026-12-31T23:00+01:00,,0.02",
      "1,A,2027-01-02,,0.03",
      "1,,2028-01-01,yes,",
      "17,B,2027-06-01,,",
    ].join("\n"),
  );
  assert.equal(table.find("447123").blocked, "447… is blocked in t");
  assert.deepEqual(providers(table, "4477012"), ["B"]);
  assert.deepEqual(providers(table, "4411"), ["A"]);
  // One provider alone is blocked: the others of the wider prefix are left.
  assert.deepEqual(providers(table, "33612"), ["B"]);
  assert.equal(table.find("17000").entries[0]?.price, "0.02");
  const later = numberTable({
    name: "t",
    table: pack((await read("prefix,provider,valid_from,blocked\n1,A,,\n1,,2026-01-01,1")).entries)
      .packed,
    ported: () => undefined,
    nowMs: () => nowMs,
  });
  assert.equal(later.find("15").blocked, "1… is blocked in t");
});

test("a ported number goes first: to a provider, or to what its network's lines say", async () => {
  const prices = [
    "prefix,network,provider,price",
    "316,,KPN,0.01",
    ",20404,VODA,0.03",
    ",20404,VODA2,0.02",
    "3197,20404,,",
  ].join("\n");
  const ported =
    "number,network,provider\n31611111111,20404,\n31622222222,,SPECIAL\n31633333333,20499,";
  const table = await tableOf(prices, usual, ported);
  assert.deepEqual(providers(table, "31611111111"), ["VODA2", "VODA"]);
  assert.match(table.find("31611111111").entries[0]?.why ?? "", /31611111111 is ported to 20404/);
  assert.deepEqual(providers(table, "31622222222"), ["SPECIAL"]);
  assert.deepEqual(providers(table, "31697"), ["KPN"]);
  assert.deepEqual(providers(table, "3197"), ["VODA2", "VODA"]);
  const lost = table.find("31633333333");
  assert.deepEqual(
    lost.entries.map(({ provider }) => provider),
    ["KPN"],
  );
});

test("[A02] all faults of a file are told with their lines, and none of them hides another", async () => {
  const bad = await read(
    [
      "\uFEFFPrefix, Provider ,PRICE,Valid-From,quality,weight,from,to,number,blocked,network",
      "316,A,0.01,,,,,,,,",
      "31x,A,0.01,,,,,,,,",
      "3.16E+10,A,0.01,,,,,,,,",
      "317,A,0.00001,,,,,,,,",
      "318,A,0.01,2027-02-30,,,,,,,",
      '319,"A,0.01,,,,,,,,',
    ].join("\r\n"),
  );
  assert.equal(bad.entries.length, 1);
  assert.equal(bad.faults.length, 5, bad.faults.join("\n"));
  assert.match(bad.faults[0] ?? "", /^3 prefix "31x": it must be 1 to 15 digits/);
  assert.match(bad.faults[1] ?? "", /^4 .*a spreadsheet has rounded it/);
  assert.match(bad.faults[2] ?? "", /^5 .*more than 4 digits/);
  assert.match(bad.faults[3] ?? "", /^6 valid_from "2027-02-30"/);
  assert.match(bad.faults[4] ?? "", /^7 begins a quote that is not closed/);
  const more = await read(
    [
      "from,to,provider,quality,weight,blocked,number,network",
      "1,22,A,,,,,",
      "5,4,A,,,,,",
      "5,,A,,,,,",
      ",,A,,,,,",
      "1,2,A,101,,,,",
      "1,2,A,,1001,,,",
      "1,2,A,,,maybe,,",
      "1,2,,,,,,",
      "1,2,A,,,,3,",
      "1,2,A,,,,,204",
      "1,2",
      'x"y,2,A,,,,,',
      '1,"2"3,A,,,,,',
      "1,2,a\tb,,,,,",
    ].join("\n"),
  );
  assert.deepEqual(more.entries, []);
  assert.deepEqual(
    more.faults.map((fault) => Number(fault.split(" ")[0])),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    more.faults.join("\n"),
  );
  for (const [text, why] of [
    ["", /empty/],
    ["prefix,cost\n1,2", /"cost" is no column; there are prefix/],
    ["prefix,prefix\n1,2", /twice/],
    ["provider\nA", /one of the columns/],
    ["from,provider\n1,A", /belong together/],
  ] as const)
    assert.match((await read(text)).faults.join(), why);
});

test("overlapping, repeated and unreachable lines are faults of the whole table", async () => {
  const { entries } = await read(
    [
      "from,to,prefix,provider,network,blocked",
      "3160,3165,,A,,",
      "3163,3169,,B,,",
      ",,99,A,,",
      ",,99,A,,",
      ",,98,,,yes",
      ",,98,A,,",
      ",,97,,20404,",
    ].join("\n"),
  );
  const { faults } = pack(entries);
  assert.deepEqual(
    faults,
    [
      "3 3163-3169 overlaps 3160-3165 of line 2, and neither lies within the other",
      "8 names the network 20404, for which there is no line",
      "7 is never reached: line 6 says for all providers of 98…",
      "5 says again what line 4 says of 99… and A",
    ].toSorted((one, other) => faults.indexOf(one) - faults.indexOf(other)),
  );
});

test("what is exported is the table again, and no octets of a file break the reader", async () => {
  const csv = [
    "prefix,from,to,number,network,provider,price,quality,weight,valid_from,blocked",
    ",,,,20404,A,,,,,",
    ",00,09,,,smppclient/x,0.0065,5,0,2027-01-01T00:00:00Z,",
    ",,,123456789012345,,A@b.c,12,,,,",
    "31,,,,20404,,,,,,",
    "316,,,,,,,,,,yes",
    "",
  ].join("\n");
  const { entries, faults } = await read(csv);
  assert.deepEqual(faults, []);
  async function* batches() {
    yield sorted(entries);
  }
  let again = "";
  for await (const line of csvLines(batches())) again += line;
  assert.equal(again, csv);
  assert.equal(stretchText(prefixStretch("0")), "0…");
  assert.deepEqual(selectorOf(prefixStretch("123456789012345")), { number: "123456789012345" });
  assert.equal(parseAmount("0.0065"), 65n);
  assert.ok(octetsOf(pack(entries).packed) < entries.length * 60);

  const rounds = Math.max(200, Math.round(Number(process.env["FUZZ_ROUNDS"] ?? 0) / 1_000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(csv.length), fc.constantFrom(0, 34, 10, 44, 59, 255, 0xe2))),
      fc.nat(csv.length),
      async (changes, cut) => {
        const octets = Buffer.from(csv);
        for (const [at, octet] of changes) octets[at] = octet;
        const found = await read(octets.subarray(0, cut));
        pack(found.entries);
      },
    ),
    { numRuns: rounds },
  );
});
