/** Where messages go by the rules, told by hand for the documented ones and by a naive search for any. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, channels, routerOf } from "./example.ts";

/** Source 001, lines 138-154, rule by rule; its smsc_map is SMPP1 here. */
const EXAMPLE = {
  rules: [
    { name: "service", match: { to: String.raw`^\+?88229009$` }, target: "http/WEB" },
    {
      name: "from SMPP",
      match: { submit_info: "^SMPP" },
      rules: [
        { match: { to: String.raw`^\+?88229002$` }, target: "smppserver/client1_system_id" },
        { match: { to: String.raw`^\+?88229003$` }, target: "smppserver/client2_system_id" },
      ],
    },
    { name: "own prefix", match: { to: String.raw`^\+?8822` }, target: "http/WEB" },
    { name: "all else", target: "SMPP1" },
  ],
};

test("[Y26] [Y27] the rules of the example give the documented target for six numbers, from both origins", () => {
  const router = routerOf(EXAMPLE);
  const table: readonly (readonly [to: string, smpp: string, http: string])[] = [
    ["88229009", "WEB", "WEB"],
    ["+88229009", "WEB", "WEB"],
    ["+88229002", "SMPP_SERVER1/client1_system_id", "WEB"],
    ["88229003", "SMPP_SERVER1/client2_system_id", "WEB"],
    ["+88221234", "WEB", "WEB"],
    ["+31612345678", "SMPP1", "SMPP1"],
  ];
  for (const [to, bySmpp, byHttp] of table)
    for (const [submit_info, expected] of [
      ["SMPP", bySmpp],
      ["HTTP", byHttp],
    ] as const) {
      const { candidates, refused } = router.resolve(ask({ to, variables: { submit_info } }));
      const ways = candidates.map(({ channel, account }) =>
        account === undefined ? channel : `${channel}/${account}`,
      );
      assert.deepEqual([ways, refused], [[expected], undefined], `${to} by ${submit_info}`);
    }
});

test("[Y24] [Y28] a rule matches any variable, and what it captured is used in target, number and sender", () => {
  const router = routerOf({
    rules: [
      {
        name: "status by web",
        match: {
          sms_type: "^status_report$",
          submit_info: "^HTTP",
          sms_stat: "^DELIV",
          billid: "^7$",
        },
        target: "http/WEB",
      },
      {
        match: { module: "^smppclient$", channel: "^SMPP([12])$" },
        target: "smppserver/c{channel.1}",
      },
      {
        match: { to: String.raw`^00(\d+)$`, text: "(?i:code)|pin" },
        rules: [
          { match: { from: "^(.)" }, target: "SMPP2", to: "+{to.1}", from: "{from.1}{account}" },
        ],
      },
      {
        match: { account: "^Test1$", parts: "^[2-9]$", origin: "customer" },
        refuse: 88,
        reason: "no",
      },
      { match: { service_type: "^VIP$", priority: "^3$", data_coding: "^8$" }, target: "SMPP2" },
    ],
  });
  const status = { sms_stat: "DELIVERED", billid: "7" };
  const report = {
    smsType: "status_report",
    variables: { ...status, submit_info: "HTTP" },
  } as const;
  assert.equal(router.resolve(ask(report)).candidates[0]?.channel, "WEB");
  const bySmpp = { ...report, variables: { ...status, submit_info: "SMPP" } };
  assert.equal(router.resolve(ask(bySmpp)).refused?.code, "no_route");
  const inbound = ask({ module: "smppclient", channel: "SMPP2", origin: "provider" });
  assert.equal(router.resolve(inbound).candidates[0]?.account, "c2");
  const [changed] = router.resolve(
    ask({ to: "0031612345678", text: "Your CODE", from: "Acme", account: "T" }),
  ).candidates;
  const { channel, to, from } = changed ?? {};
  assert.deepEqual({ channel, to, from }, { channel: "SMPP2", to: "+31612345678", from: "AT" });
  const refused = router.resolve(ask({ account: "Test1", parts: 3 })).refused;
  assert.deepEqual(refused, { code: 88, reason: "no" });
  const vip = { service_type: "VIP", priority: "3", data_coding: "8" };
  assert.equal(router.resolve(ask({ variables: vip })).candidates[0]?.channel, "SMPP2");
});

test("[C36] [C37] [C38] number@smpp goes to the default provider else the first, number@name._smpp to that one", () => {
  const provider = (name: string, more = {}) =>
    ({ name, module: "smppclient", enabled: true, group: name, systemId: name, ...more }) as const;
  const number = "+74992713152";
  const at = (all: Parameters<typeof routerOf>[1], to: string) => {
    // The address says where it goes: no rule is asked.
    const { candidates, refused } = routerOf({ rules: [{ target: "SMPP9" }] }, all).resolve(
      ask({ to }),
    );
    return candidates[0] === undefined
      ? refused
      : `${candidates[0].channel} ${candidates[0].to ?? ""}`;
  };
  const two = [provider("PROVIDER1"), provider("MASSLIST")];
  assert.equal(at({ all: two }, `${number}@smpp`), `PROVIDER1 ${number}`);
  const three = [...two, provider("NAMELESS", { isDefault: true })];
  assert.equal(at({ all: three }, `${number}@SMPP`), `NAMELESS ${number}`);
  const off = [...two, provider("NAMELESS", { isDefault: true, enabled: false })];
  assert.equal(at({ all: off }, `${number}@smpp`), `PROVIDER1 ${number}`);
  assert.equal(at({ all: two }, `${number}@masslist._smpp`), `MASSLIST ${number}`);
  const gone = at({ all: two }, `${number}@elsewhere._smpp`);
  assert.deepEqual(gone, {
    code: "no_route",
    reason: "there is no channel elsewhere to a provider",
  });
  const disabled = [provider("PROVIDER1"), provider("MASSLIST", { enabled: false })];
  assert.deepEqual(at({ all: disabled }, `${number}@masslist._smpp`), {
    code: "no_route",
    reason: "MASSLIST is switched off",
  });
});

test("[C39] [C40] what no rule takes goes to the sender's default, else to that of all, also as number@telnum", () => {
  const router = routerOf({ rules: [{ match: { to: "^1" }, target: "WEB" }], default: "SMPP1" });
  const to = "+74992713152@telnum";
  assert.deepEqual(
    [
      router.resolve(ask({ to, senderDefault: "SMPP2" })),
      router.resolve(ask({ to, senderDefault: "" })),
      router.resolve(ask({ to: "123@telnum" })),
    ].map(({ candidates: [one] }) => `${one?.rule} ${one?.channel} ${one?.to}`),
    ["account SMPP2 +74992713152", "default SMPP1 +74992713152", "rules[0] WEB 123"],
  );
  const { refused } = routerOf({}).resolve(ask({}));
  assert.deepEqual(refused, {
    code: "no_route",
    reason: "no rule takes it, and there is no default",
  });
});

test("[Y18] [Y19] [A57] system_ids, groups and lists are ways, those that are up before those that are down", () => {
  const second = {
    name: "SERVER2",
    module: "smppserver",
    hasCustomers: true,
    enabled: true,
    group: "SERVER2",
  } as const;
  const all = [...channels, second, { ...second, name: "OFF", enabled: false }];
  const ways = (target: unknown, more: Parameters<typeof routerOf>[1] = {}) =>
    routerOf({ rules: [{ target }] }, { all, ...more })
      .resolve(ask({}))
      .candidates.map(({ channel, account }) => (account ? `${channel}/${account}` : channel));
  assert.deepEqual(ways("smppclient/second"), ["SMPP2"]);
  assert.deepEqual(ways("smppserver/Test1"), ["SMPP_SERVER1/Test1"]);
  const bound = (channel: string) => channel === "SERVER2";
  assert.deepEqual(ways("smppserver/Test1", { bound }), ["SERVER2/Test1"]);
  assert.deepEqual(ways("SERVER2/Test2"), ["SERVER2/Test2"]);
  assert.deepEqual(ways("group/P"), ["SMPP1", "SMPP2"]);
  assert.deepEqual(ways("P", { down: ["SMPP1"] }), ["SMPP2", "SMPP1"]);
  assert.deepEqual(ways(["SMPP2", "group/P", "OFF"]), ["SMPP2", "SMPP1"]);
  assert.deepEqual(ways("SMPP1", { down: ["SMPP1"] }), ["SMPP1"]);
});

test("[A02] a number table's cheapest provider that is up is taken; what it blocks is refused, what it lacks goes on", () => {
  const entry = (provider: string, price: string) => ({ provider, price, why: `${price} each` });
  const tables = {
    prices: {
      find: (number: string) => {
        if (number.startsWith("+7")) return { entries: [], blocked: "+7 is blocked" };
        if (!number.startsWith("+31")) return { entries: [] };
        return {
          entries: [
            entry("SMPP1", "0.01"),
            entry("smppclient/second", "0.02"),
            entry("NONE", "0.03"),
          ],
          passedOver: [{ target: "SMPP3", why: "quality 10 is under 50" }],
        };
      },
    },
  };
  const routes = { rules: [{ name: "cheap", target: "table:prices" }], default: "WEB" };
  const router = routerOf(routes, { tables, down: ["SMPP1"] });
  const { candidates, steps } = router.resolve(ask({}), { explain: true });
  assert.deepEqual(
    candidates.map(({ channel, price, table }) => [channel, price, table]),
    [
      ["SMPP2", "0.02", "prices"],
      ["SMPP1", "0.01", "prices"],
    ],
  );
  const told = steps.map(({ target, taken, why }) => `${taken ? "+" : "-"} ${target}: ${why}`);
  assert.deepEqual(told, [
    "- table:prices SMPP3: quality 10 is under 50",
    "- NONE: NONE: there is no such channel",
    "+ SMPP2: it takes all; 0.02 each",
    "- SMPP1: it takes all; 0.01 each; is down, so it comes after those that are up; is next when those before it fail",
    "- WEB: comes after what was taken",
  ]);
  assert.equal(router.resolve(ask({ to: "+7999" })).refused?.reason, "+7 is blocked");
  assert.equal(router.resolve(ask({ to: "+1999" })).candidates[0]?.channel, "WEB");
});

test("what is explained tells of every rule why it was or was not taken, and not the text of a message", () => {
  const routes = {
    ...EXAMPLE,
    rules: [{ match: { text: "secret" }, target: "SMPP2" }, ...EXAMPLE.rules],
  };
  const question = ask({ to: "+88229002", text: "nobody's business" });
  const { steps } = routerOf(routes).resolve(question, { explain: true });
  assert.deepEqual(
    steps.map(({ rule, taken, why }) => `${rule} ${taken} ${why}`),
    [
      "rules[0] false the text does not match secret",
      String.raw`service false to +88229002 does not match ^\+?88229009$`,
      "from SMPP true is entered: submit_info matches ^SMPP",
      String.raw`rules[2].rules[0] true to matches ^\+?88229002$`,
      String.raw`rules[2].rules[1] false to +88229002 does not match ^\+?88229003$`,
      "own prefix false would match, but comes after what was taken",
      "all else false would match, but comes after what was taken",
    ],
  );
  assert.equal(routerOf(routes).resolve(question).steps.length, 1);
});

/** Deterministic: the same seed gives the same table again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Plain {
  readonly match?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly rules?: readonly Plain[];
}

/** As a person would read the table: top to bottom, JavaScript's own regular expressions. */
function naive(
  rules: readonly Plain[],
  values: Readonly<Record<string, string>>,
): string | undefined {
  for (const { match = {}, target, rules: inner } of rules) {
    const isMatch = Object.entries(match).every(([name, source]) =>
      new RegExp(source, "u").test(values[name] ?? ""),
    );
    if (!isMatch) continue;
    const found = inner === undefined ? target : naive(inner, values);
    if (found !== undefined) return found;
  }
  return undefined;
}

test("for any table and message the first rule that matches wins, as a naive search finds it", () => {
  const seed = Date.now() % 1_000_000;
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const pieces = [
    "1",
    "2",
    String.raw`\+?`,
    "[12]",
    "[0-3]",
    "2?",
    ".",
    String.raw`\d`,
    "(1|2)",
    "12*",
    ".*",
  ];
  const pattern = (): string => {
    const body = Array.from({ length: random(4) }, () => pick(pieces)).join("");
    return `${pick(["^", "^", "^", ""])}${body}${pick(["$", "", ""])}`;
  };
  const rule = (depth: number): Plain => {
    const match = Object.fromEntries(
      ["to", "from", "text"].flatMap((name) => (random(3) === 0 ? [[name, pattern()]] : [])),
    );
    if (depth < 4 && random(4) === 0)
      return { match, rules: Array.from({ length: 1 + random(3) }, () => rule(depth + 1)) };
    return { match, target: pick(["SMPP1", "SMPP2", "WEB"]) };
  };
  const number = (): string =>
    pick(["", "+"]) + Array.from({ length: random(5) }, () => String(random(4))).join("");
  for (let round = 0; round < 300; round++) {
    const rules = Array.from({ length: 1 + random(8) }, () => rule(1));
    const router = routerOf({ rules });
    for (let at = 0; at < 10; at++) {
      const values = { to: number(), from: number(), text: `${number()}${pick(["", "\n1"])}` };
      const [found] = router.resolve(ask(values)).candidates;
      const told = `seed ${seed}: ${JSON.stringify({ rules, values })}`;
      assert.equal(found?.channel, naive(rules, values), told);
      const [again] = router.resolve(ask(values), { explain: true }).candidates;
      assert.deepEqual(again, found, told);
    }
  }
});
