import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Given, type Template } from "./template.ts";
import { type Case, testFile } from "./test-file.ts";

const inTable = (given: Given) => given.one("users") === "table";

export const bind: Template = {
  name: "bind",
  summary: "let customers bind: those of the accounts, of a table of yours, or anyone",
  description: "Lets a customer in when the password fits the account.",
  asks: [
    { ...ASKS.fromCustomers, what: "on which channels do customers bind" },
    {
      name: "users",
      what: "who may bind",
      kind: { is: "choice", of: ["accounts", "anyone", "table"] },
      preset: "accounts",
      example: "accounts",
    },
    { ...ASKS.dataSource, when: inTable },
    { ...ASKS.table, when: inTable },
    {
      name: "system-id-column",
      what: "in which column is the system_id",
      kind: { is: "identifier" },
      preset: "system_id",
      example: "system_id",
      when: inTable,
    },
    {
      name: "password-column",
      what: "in which column is the hash of the password",
      kind: { is: "identifier" },
      preset: "password",
      example: "password",
      when: inTable,
    },
    {
      name: "scheme",
      what: "how is the password kept there",
      kind: { is: "choice", of: ["sha1-utf16le", "scrypt", "plain"] },
      preset: "sha1-utf16le",
      example: "sha1-utf16le",
      when: inTable,
    },
  ],
  write(given) {
    const users = given.one("users");
    const isAnyone = users === "anyone";
    const tools = inTable(given) ? "{ accounts, db }" : "{ accounts }";
    return {
      script: page(
        ['import { onBind } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onBind",
          conditions: conditionsOf(given, given.list("from")),
          handler: isAnyone ? "(bind)" : `async (bind, ${tools})`,
          body: isAnyone
            ? ["bind.accept();"]
            : [
                ...(inTable(given)
                  ? lookUp(given)
                  : ["const found = await accounts.verify(bind);"]),
                "if (found.ok) bind.accept({ account: found.account });",
                "else bind.reject(found.reason);",
              ],
        }),
      ),
      test: testFile(isAnyone ? anyone(given) : verified(given)),
    };
  },
};

function lookUp(given: Given): string[] {
  return [
    "const found = await accounts.verify(bind, {",
    `  with: db.${given.one("data-source")}\``,
    `    select ${given.one("password-column")} from ${given.one("table")}`,
    `    where ${given.one("system-id-column")} = \${bind.systemId}\`,`,
    `  scheme: ${quoted(given.one("scheme"))},`,
    "});",
  ];
}

function anyone(given: Given): Case[] {
  return [
    {
      sentence: "anyone may bind",
      uses: ["bind"],
      lines: [
        `const outcome = await bind({ channel: ${first(given)}, systemId: "Anyone" });`,
        'assert.equal(outcome.verdict, "accept");',
      ],
    },
  ];
}

function verified(given: Given): Case[] {
  const channel = first(given);
  if (inTable(given))
    return [
      {
        sentence: "who the table knows may bind",
        uses: ["bind", "answers"],
        lines: [
          'answers("accounts.verifyWith", { ok: true, account: "Test1" });',
          `const outcome = await bind({ channel: ${channel}, systemId: "Test1" });`,
          'assert.equal(outcome.account, "Test1");',
        ],
      },
      {
        sentence: "who it does not know may not",
        uses: ["bind", "answers"],
        lines: [
          'answers("accounts.verifyWith", { ok: false, reason: "unknown_account" });',
          `const outcome = await bind({ channel: ${channel}, systemId: "Nobody" });`,
          'assert.equal(outcome.code, "unknown_account");',
        ],
      },
    ];
  return [
    {
      sentence: "the right password lets a customer in",
      uses: ["bind", "accounts"],
      lines: [
        'accounts.add({ id: "Test1", password: "Pwd1" });',
        `const outcome = await bind({ channel: ${channel}, password: "Pwd1" });`,
        'assert.equal(outcome.account, "Test1");',
      ],
    },
    {
      sentence: "a wrong password does not",
      uses: ["bind", "accounts"],
      lines: [
        'accounts.add({ id: "Test1", password: "Pwd1" });',
        `const outcome = await bind({ channel: ${channel}, password: "Pwd2" });`,
        'assert.equal(outcome.code, "bad_password");',
      ],
    },
  ];
}

function first(given: Given): string {
  return quoted(given.list("from")[0] ?? "");
}
