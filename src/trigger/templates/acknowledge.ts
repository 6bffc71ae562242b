import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Given, type Template } from "./template.ts";
import { type Case, testFile } from "./test-file.ts";

export const acknowledge: Template = {
  name: "acknowledge",
  summary: "take customers' messages, and charge credits for them",
  description: "Charges one credit per part and takes the message.",
  order: 10,
  asks: [
    ASKS.fromCustomers,
    {
      name: "credits",
      what: "where are the customer's credits",
      kind: { is: "choice", of: ["account", "none", "table"] },
      preset: "account",
      example: "account",
    },
    { ...ASKS.dataSource, when: (given) => given.one("credits") === "table" },
    { ...ASKS.table, when: (given) => given.one("credits") === "table" },
    {
      name: "system-id-column",
      what: "in which column is the system_id",
      kind: { is: "identifier" },
      preset: "system_id",
      example: "system_id",
      when: (given) => given.one("credits") === "table",
    },
    {
      name: "credits-column",
      what: "in which column are the credits",
      kind: { is: "identifier" },
      preset: "credits",
      example: "credits",
      when: (given) => given.one("credits") === "table",
    },
  ],
  write(given) {
    const credits = given.one("credits");
    const base = { doc: given.description, name: given.name, on: "onMessage" };
    const conditions = conditionsOf(given, given.list("from"));
    const sdk = ['import { onMessage } from "signalbox";'];
    if (credits === "table") {
      const script = page(
        sdk,
        declared({
          ...base,
          conditions,
          handler: "async (message, { db })",
          body: chargedInTable(given),
        }),
      );
      return {
        script,
        test: testFile(tableCases(given)),
        needs: [
          `Set readOnly: false for the data source ${given.one("data-source")}, because credits are taken there.`,
        ],
      };
    }
    const answer = credits === "none" ? "accept()" : "accept({ charge: message.parts })";
    return {
      script: page(
        sdk,
        declared({ ...base, conditions, handler: "(message)", body: [`message.${answer};`] }),
      ),
      test: testFile([
        {
          sentence: credits === "none" ? "a message costs nothing" : "each part costs one credit",
          uses: ["message"],
          lines: [
            `const outcome = await message({ channel: ${first(given)}, parts: 3 });`,
            'assert.equal(outcome.verdict, "accept");',
            `assert.equal(outcome.charge, ${credits === "none" ? 0 : 3});`,
          ],
        },
      ]),
    };
  },
};

function chargedInTable(given: Given): string[] {
  const column = given.one("credits-column");
  return [
    "// One statement looks and takes: two messages at once cannot share the last credit.",
    "// It is not undone: a message that a later trigger rejects has been paid for.",
    `const paid = await db.${given.one("data-source")}\``,
    `  update ${given.one("table")} set ${column} = ${column} - \${message.parts}`,
    `  where ${given.one("system-id-column")} = \${message.account ?? ""} and ${column} >= \${message.parts}`,
    `  returning ${column}\`;`,
    'if (paid.length === 0) message.reject("no_credit");',
    "else message.accept();",
  ];
}

function tableCases(given: Given): Case[] {
  return [
    {
      sentence: "a message of who can pay is taken",
      uses: ["message", "db"],
      lines: [
        `db.answers([{ ${given.one("credits-column")}: 99 }]);`,
        `const outcome = await message({ channel: ${first(given)} });`,
        'assert.equal(outcome.verdict, "accept");',
        `assert.equal(db.queries[0]?.source, ${quoted(given.one("data-source"))});`,
      ],
    },
    {
      sentence: "a message of who cannot pay is refused",
      uses: ["message", "db"],
      lines: [
        "db.answers([]);",
        `const outcome = await message({ channel: ${first(given)} });`,
        'assert.equal(outcome.verdict, "reject");',
        'assert.equal(outcome.code, "no_credit");',
      ],
    },
  ];
}

function first(given: Given): string {
  return quoted(given.list("from")[0] ?? "");
}
