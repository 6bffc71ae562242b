/** What is wrong with a routing table is told with its place, by the very settings that a file is read with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { load } from "../../src/config/load.ts";
import { sectionOf, withSection } from "../../src/config/section.ts";
import { settingsSchema } from "../../src/settings.ts";

const provider = (systemId: string, more = {}) => ({
  type: "smpp-client",
  host: "smpp.example.com",
  systemId,
  password: "x",
  ...more,
});

const channels = {
  SMPP_SERVER1: { type: "smpp-server", port: 2775 },
  SMPP1: provider("first", { group: "P" }),
  HOME: provider("round", { host: "127.0.0.1:2775" }),
};

function faultsOf(routes: unknown): readonly string[] {
  const text = stringify({ channels, routes });
  const read = load({ path: "signalbox.yaml", schema: settingsSchema, env: {}, text });
  return "faults" in read ? read.faults.map((one) => `${one.path} ${one.text}`) : [];
}

test("[Y26] [Y28] a rule that cannot be is told by its place: patterns, targets, captures, codes, names", () => {
  const target = "SMPP1";
  assert.deepEqual(
    faultsOf({
      rules: [
        { match: { to: "^(?=1)" }, target },
        { match: { sms_type: "^report$" }, target },
        { match: { to: "^0(.)" }, target: "SMPP1", to: "{to.2}", from: "{from.1}" },
        { match: { to: "^1" }, rules: [{ match: { from: "^2" }, target: ["SMPP1", "SMPP9"] }] },
        { match: { to: "^2" }, target, refuse: 8 },
        { match: { to: "^3" } },
        { match: { to: "^4" }, refuse: "nonsense", to: "1" },
        { match: { to: "^5" }, target: "SMPP1/Test1", name: "one" },
        { match: { to: "^6" }, target: "smppclient/nobody", name: "one" },
        { match: { to: "^7" }, target: "http/WEB" },
        { match: { to: "^8" }, target: "group/Q" },
      ],
      default: "SMPP2",
    }),
    [
      "routes.rules[0].match.to is no regular expression that is understood: (?= is a look-ahead, which no pattern here can do",
      "routes.rules[1].match.sms_type matches no value of sms_type; there are message, status_report",
      "routes.rules[2].to uses {to.2}, and ^0(.) has 1 groups",
      "routes.rules[2].from uses {from.1}, and no pattern here matches from",
      "routes.rules[3].rules[0].target[1] leads to SMPP9, and there is no channel and no group of that name",
      "routes.rules[4].refuse must not stand beside `target`",
      "routes.rules[5] leads nowhere: it needs `target`, `rules` or `refuse`",
      "routes.rules[6].refuse is no code of docs/errors.md",
      "routes.rules[6].to changes nothing without `target`",
      "routes.rules[7].target names the customer Test1, and no customers bind to SMPP1",
      "routes.rules[8].target leads to the system_id nobody, and no channel binds with it",
      "routes.rules[8].name is the name of another rule already",
      "routes.rules[9].target leads to WEB, and there is no HTTP channel of that name",
      "routes.rules[10].target leads to the group Q, and no channel is in it",
      "routes.default leads to SMPP2, and there is no channel and no group of that name",
    ].toSorted((one, other) => placeOf(one) - placeOf(other)),
  );
});

test("[Y29] [X18] the rules are one list, and nothing names where they begin", () => {
  assert.match(faultsOf({ template: "route_sms_deliver", rules: [] }).join(), /^routes\.template /);
  assert.match(faultsOf([{ rules: [] }]).join(), /^routes /);
});

/** The default stands behind the rules; `toSorted` keeps the order of equals. */
function placeOf(text: string): number {
  return Number(/rules\[(\d+)\]/.exec(text)?.[1] ?? 99);
}

test("[Y26] a rule that no message ever gets to is told: equal, a longer prefix, behind a catch-all, in a block", () => {
  const target = "SMPP1";
  const never = (rules: unknown, standard?: string) => faultsOf({ rules, default: standard });
  assert.deepEqual(
    never([
      { match: { to: "^31" }, target },
      { match: { to: "^316" }, target },
    ]),
    ["routes.rules[1] is never reached: routes.rules[0] before it takes all that it would take"],
  );
  const optional = String.raw`^\+?31`;
  const same = { match: { text: "a|b" }, target };
  assert.deepEqual(
    never([
      { name: "NL", match: { to: optional }, target },
      { match: { from: "^A" }, rules: [{ match: { to: "^31[67]$" }, refuse: 8 }, { target }] },
      same,
      { ...same, match: { ...same.match, from: "x" } },
      { match: { to: "^2" }, rules: [{ match: { to: "^3" }, target }] },
    ]),
    [
      "routes.rules[1].rules[0] is never reached: routes.rules[0] (NL) before it takes all that it would take",
      "routes.rules[3] is never reached: routes.rules[2] before it takes all that it would take",
      "routes.rules[4].rules[0] matches nothing: no to matches both ^2 and ^3",
    ],
  );
  assert.deepEqual(never([{ target }, { match: { to: "^1" }, rules: [{ target }] }], target), [
    "routes.rules[1] is never reached: routes.rules[0] before it takes all that it would take",
    "routes.default is never reached: routes.rules[0] takes all",
  ]);
  // None of these takes all of the next: a table may say nothing, a block may let pass, a prefix is longer.
  const fine = [
    { target: "table:prices" },
    { match: { to: "^316" }, target },
    { match: { to: "^31" }, rules: [{ match: { from: "^1" }, target }] },
    { match: { to: "^31$" }, target },
    { match: { to: "^31" }, target },
    { match: { text: "^.*$" }, target },
  ];
  assert.deepEqual(never(fine, target), []);
});

test("a circle of routes is told: what is sent to a channel that binds to ourselves is taken to it again", () => {
  const text =
    "routes.rules[0].target leads round in a circle: HOME binds to SMPP_SERVER1 of this gateway, and what comes in there is taken by routes.rules[0] again; let the rule ask for `channel` or `account`";
  assert.deepEqual(faultsOf({ rules: [{ match: { to: "^1" }, target: "HOME" }] }), [text]);
  const out = { match: { account: "^round$" }, target: "SMPP1" };
  assert.deepEqual(faultsOf({ rules: [out, { match: { to: "^1" }, target: "HOME" }] }), []);
  const changed = { match: { to: "^1" }, target: "HOME", to: "2{to}" };
  assert.deepEqual(faultsOf({ rules: [changed] }), []);
});

test("the routes of a file are taken out and put in as they are written, with their comments", () => {
  const routes = "routes: # ours\n  rules:\n    # first\n    - target: SMPP1\n";
  const file = `# top\ndata: x\n\n${routes}\n# channels\nchannels: {}\n`;
  assert.equal(sectionOf(file, "routes"), routes);
  const other = "routes:\n  default: SMPP2";
  const changed = withSection(file, "routes", other);
  assert.equal(changed, `# top\ndata: x\n\n${other}\n\n# channels\nchannels: {}\n`);
  assert.equal(withSection(changed, "routes", sectionOf(file, "routes")), file);
  assert.equal(withSection("a: 1", "routes", other), `a: 1\n${other}\n`);
  assert.equal(sectionOf("a: 1\n", "routes"), undefined);
  assert.equal(
    withSection(file, "routes", undefined),
    "# top\ndata: x\n\n\n# channels\nchannels: {}\n",
  );
});
