import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Given, type Template } from "./template.ts";
import { type Case, testFile } from "./test-file.ts";

export const databaseQuery: Template = {
  name: "database-query",
  summary: "let a table of yours choose the channel of a number",
  description: "Passes a message on to the channel that a table names for its number.",
  order: 20,
  asks: [
    ASKS.fromCustomers,
    ASKS.dataSource,
    { ...ASKS.table, example: "routes" },
    {
      name: "number-column",
      what: "in which column is the number",
      kind: { is: "identifier" },
      preset: "number",
      example: "number",
    },
    {
      name: "channel-column",
      what: "in which column is the channel",
      kind: { is: "identifier" },
      preset: "channel",
      example: "channel",
    },
    {
      ...ASKS.toProvider,
      name: "otherwise",
      what: "to which channel does a number go that the table does not have",
      preset: "",
    },
  ],
  write(given) {
    const otherwise = given.one("otherwise");
    const none =
      otherwise === ""
        ? 'message.reject("no_route", "not in the table")'
        : `message.forward({ channel: ${quoted(otherwise)} })`;
    const column = given.one("channel-column");
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { db })",
          body: [
            `const [row] = await db.${given.one("data-source")}<{ channel: string }>\``,
            `  select ${column}${column === "channel" ? "" : " as channel"}`,
            `  from ${given.one("table")}`,
            `  where ${given.one("number-column")} = \${message.to}\`;`,
            `if (row === undefined) ${none};`,
            "else message.forward({ channel: row.channel });",
          ],
        }),
      ),
      test: testFile(cases(given, otherwise)),
    };
  },
};

function cases(given: Given, otherwise: string): Case[] {
  const from = quoted(given.list("from")[0] ?? "");
  return [
    {
      sentence: "the table chooses the channel, and is asked for the number as a value",
      uses: ["message", "db"],
      lines: [
        'db.answers([{ channel: "FROM_TABLE" }]);',
        `const outcome = await message({ channel: ${from}, to: "+31612345678" });`,
        'assert.deepEqual(outcome.forwards, [{ channel: "FROM_TABLE" }]);',
        'assert.deepEqual(db.queries[0]?.values, ["+31612345678"]);',
      ],
    },
    {
      sentence: "a number that it does not have",
      uses: ["message", "db"],
      lines: [
        "db.answers([]);",
        `const outcome = await message({ channel: ${from} });`,
        otherwise === ""
          ? 'assert.equal(outcome.code, "no_route");'
          : `assert.deepEqual(outcome.forwards, [{ channel: ${quoted(otherwise)} }]);`,
      ],
    },
  ];
}
