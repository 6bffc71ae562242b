import { declared, grouped, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

const COUNTED = {
  account: { key: 'message.account ?? ""', who: "account" },
  sender: { key: "message.from", who: "sender" },
  recipient: { key: "message.to", who: "recipient" },
} as const;

export const floodGuard: Template = {
  name: "flood-guard",
  summary: "refuse more messages than a number within a time",
  description: "Refuses what is more than one may send within the time.",
  order: 5,
  asks: [
    ASKS.fromCustomers,
    {
      name: "by",
      what: "whose messages are counted",
      kind: { is: "choice", of: Object.keys(COUNTED) },
      preset: "account",
      example: "account",
    },
    {
      name: "limit",
      what: "how many messages are allowed",
      kind: { is: "count", most: 1_000_000 },
      preset: "1000",
      example: "1000",
    },
    {
      name: "seconds",
      what: "within how many seconds",
      kind: { is: "count", most: 2_592_000 },
      preset: "60",
      example: "60",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const by = given.one("by");
    const { key, who } = by === "sender" || by === "recipient" ? COUNTED[by] : COUNTED.account;
    const limit = grouped(given.count("limit"));
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        [
          `/** Messages of one ${who} within that time. */`,
          `const messagesMax = ${limit};`,
          `const withinMs = ${grouped(given.count("seconds") * 1_000)};`,
        ],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { kv, now })",
          body: [
            "// Each stretch of time has a key of its own, which is forgotten when it is over.",
            "const stretch = Math.floor(now() / withinMs);",
            `const count = await kv.increment(\`\${stretch}:\${${key}}\`, 1, { ttlMs: withinMs });`,
            'if (count > messagesMax) message.reject("throttled", `${count} within the time`);',
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "one more than allowed is refused, and taken again later",
          uses: ["message", "kv", "clock"],
          lines: [
            `const stretch = Math.floor(clock.now() / ${grouped(given.count("seconds") * 1_000)});`,
            `await kv.set(\`\${stretch}:${subject(by)}\`, ${limit});`,
            "const sent = {",
            `  channel: ${from},`,
            '  account: "Test1",',
            '  from: "+31600000001",',
            '  to: "+31600000002",',
            "};",
            "const refused = await message(sent);",
            'assert.equal(refused.code, "throttled");',
            `clock.advance(${grouped(given.count("seconds") * 1_000)});`,
            "const later = await message(sent);",
            'assert.notEqual(later.verdict, "reject");',
          ],
        },
      ]),
    };
  },
};

function subject(by: string): string {
  if (by === "sender") return "+31600000001";
  return by === "recipient" ? "+31600000002" : "Test1";
}
