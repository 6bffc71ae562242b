import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, type Pattern } from "../../src/pattern/pattern.ts";

/** The faults of these patterns, each with its flags after a blank. */
function faultOf(source: string, flags = ""): string {
  const pattern = compilePattern(source, flags);
  return "fault" in pattern ? pattern.fault : "none";
}

function patternOf({ source, flags }: RegExp): Pattern {
  const pattern = compilePattern(source, flags);
  if ("fault" in pattern) assert.fail(pattern.fault);
  return pattern;
}

test("what takes V8 for ever is done in linear time, on 100,000 characters", () => {
  // V8 doubles its time with each further character here: 30 take it seconds.
  for (const evil of [/(a+)+$/, /(a|aa)+$/, /(a|ab?)+$/, /(.*a){12}$/, /^(\w+\s?)*$/]) {
    const pattern = patternOf(evil);
    const times = [10_000, 100_000].map((length) => {
      const text = "a".repeat(length) + "!";
      pattern.test(text);
      const before = process.cpuUsage();
      assert.equal(pattern.test(text), false);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    });
    const [short = 0, long = 0] = times;
    // Ten times the text; a square would be a hundred times the time. 20 ms are the machine's noise.
    assert.ok(long < 40 * (short + 20_000), `${String(evil)}: ${short} µs, then ${long} µs`);
  }
});

test("a match gives its groups, and undefined for one that took no part", () => {
  const pattern = patternOf(/^(\w+)(?:-(\d+))?(!)?/);
  assert.deepEqual(pattern.match("stop-12 now"), ["stop-12", "stop", "12", undefined]);
  assert.equal(pattern.match("!"), undefined);
  assert.equal(pattern.source, "^(\\w+)(?:-(\\d+))?(!)?");
});

test("what cannot be done in linear time is a fault that names it", () => {
  assert.equal(faultOf("(?<=a)b"), "(?<= is a look-behind, which no pattern here can do");
  assert.equal(faultOf("(?<!a)b"), "(?<! is a look-behind, which no pattern here can do");
  assert.equal(faultOf("a(?=b)"), "(?= is a look-ahead, which no pattern here can do");
  assert.equal(faultOf("a(?!b)"), "(?! is a look-ahead, which no pattern here can do");
  assert.equal(faultOf("(a)\\1"), "\\1 looks back at a group, which no pattern here can do");
  assert.match(faultOf("(?<x>a)\\k<x>"), /^\\k looks back/);
});

test("what is no pattern, or too large, is a fault that says so", () => {
  assert.match(faultOf("(a"), /Unterminated group/);
  assert.match(faultOf("a**"), /Nothing to repeat/);
  assert.equal(faultOf("a{5000}"), "invalid repeat count: `{5000}`");
  assert.equal(faultOf("(abcdefghij){99}"), "it has 1190 steps; 1000 are allowed");
  assert.equal(faultOf("a".repeat(1_001)), "it has 1001 characters; 1000 are allowed");
  assert.equal(faultOf("a", "g"), "the flag g is not there; there are i, s and u");
  assert.equal(faultOf("a", "m"), "the flag m is not there; there are i, s and u");
  assert.equal(faultOf("\\p{L}"), "\\p has no meaning without the flag u");
  assert.equal(faultOf("\\u{41}"), "\\u names no character without the flag u");
  assert.match(faultOf("\\p{Nonsense}", "u"), /Invalid property name/);
  // It means something in the language of RE2, and nothing in JavaScript.
  assert.equal(faultOf("\\Aa\\z"), "\\A has no meaning");
});

const pieces =
  "a b S 9 _ é ß Σ ς 😀 - . \\s \\S \\d \\D \\w \\W \\b \\B ^ $ | \\. \\/ \\n \\t \\u00e9 \\x41 \\cJ \\u{1F600} \\p{L} \\P{L} \\p{Script=Greek} [a-f] [^a-f] [\\s] [\\S] [\\d\\w-] [.] [[] [^\\]] [] [^] [\\b] (?:a|b) (a) (?<n>b)".split(
    " ",
  );
const quantifiers = ["", "", "", "", "*", "+", "?", "{2}", "{0,3}", "{1,}", "*?", "+?"];
const letters = [
  "a",
  "b",
  "S",
  "s",
  "9",
  "_",
  "é",
  "É",
  "ß",
  "Σ",
  "ς",
  "😀",
  "-",
  ".",
  " ",
  "\n",
  "\r",
  "\u00a0",
  "\u2028",
  "\t",
  "]",
  "[",
  "\b",
  "A",
];

test("a pattern finds what V8 finds, whatever it is made of", () => {
  let seed = 20_261;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const oneOf = (list: readonly string[]): string => list[random(list.length)] ?? "";
  let compared = 0;
  for (let round = 0; round < 1_000; round++) {
    let source = "";
    for (let left = 1 + random(5); left > 0; left--) source += oneOf(pieces) + oneOf(quantifiers);
    const flags = oneOf(["u", "iu", "su"]);
    let there: RegExp;
    try {
      there = new RegExp(source, flags);
    } catch {
      // Such as a quantifier after `^`; both refuse it, which the test above is about.
      assert.notEqual(faultOf(source, flags), "none");
      continue;
    }
    const here = compilePattern(source, flags);
    if ("fault" in here) assert.fail(`/${source}/${flags}: ${here.fault}`);
    for (let texts = 0; texts < 5; texts++) {
      let text = "";
      for (let left = random(8); left > 0; left--) text += oneOf(letters);
      const what = `/${source}/${flags} on ${JSON.stringify(text)}`;
      assert.deepEqual(here.match(text)?.[0], there.exec(text)?.[0], what);
      assert.equal(here.test(text), there.test(text), what);
      compared++;
    }
  }
  assert.ok(compared > 1_000);
});
