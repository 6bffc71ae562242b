import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { OptionChanges } from "../src/model/account-options.ts";
import type { AccountDetail, AccountListed, AccountView } from "../src/model/account-view.ts";
import { addAccountLogins } from "./account-logins.ts";
import { assignments, credits } from "./argument.ts";
import { ask, segment } from "./gateway.ts";
import { answer, pairs, table } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";
import { visible } from "./visible.ts";
import { accountDetailShape, accountListedShape, accountShape } from "./views.ts";

/** `signalbox account …`; accounts live in the database, so a gateway must run. */
export function addAccount(program: Command): void {
  const account = program.command("account").description("customers, their credits and numbers");

  account
    .command("list")
    .description("show every account")
    .option("--usage", "with what messages took this month (UTC); reads the month's ledger")
    .action(async (own: { readonly usage?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(accountListedShape);
      const call = {
        method: "GET",
        path: "/v1/accounts",
        query: { usage: own.usage },
        shape,
      } as const;
      const accounts = await ask(options, call);
      answer(options, accounts, listed, "Add one: signalbox account add <id> --credits 100");
    });

  account
    .command("show")
    .description("show an account and what it has otherwise than others")
    .argument("<id>")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/accounts/${segment(id)}`;
      const shown = await ask(options, { method: "GET", path, shape: accountDetailShape });
      answer(options, shown, details, `Set one: signalbox account set ${id} receiptDates=second`);
    });

  account
    .command("sheet")
    .description("print what the customer needs to connect, as Markdown; never the password")
    .argument("<id>")
    .option("--host <name>", "the name by which he reaches us; this machine's when left out")
    .action(async (id: string, own: { readonly host?: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const settings = await readSettings(options);
      const { accountSheet } = await import("./account-sheet.ts");
      const path = `/v1/accounts/${segment(id)}`;
      const shown = await ask(options, { method: "GET", path, shape: accountDetailShape });
      const lines = visible(accountSheet(shown, settings, own.host));
      answer(options, { markdown: lines.join("\n") }, () => lines.join("\n"));
    });

  account
    .command("set")
    .description("set options of an account; without a value one goes back to its standard")
    .argument("<id>")
    .argument("<option=value...>", "such as receiptDates=second", assignments)
    .action(async (id: string, body: OptionChanges, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/accounts/${segment(id)}/options`;
      const call = { method: "PATCH", path, body, shape: accountDetailShape } as const;
      answer(options, await ask(options, call), details, tryIt(id));
    });

  account
    .command("credit")
    .description("add credits to an account, or with a negative number take some")
    .argument("<id>")
    .argument("<credits>", "how many, such as 12 or 0.5", credits({ negative: true }))
    .option("--note <text>", "why, for the ledger")
    .option("--correction", "it sets right an entry before, rather than being paid in")
    .action(async (id: string, add: number, own: CreditOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/accounts/${segment(id)}/credit`;
      const call = { method: "POST", path, body: { add, ...own }, shape: accountShape } as const;
      answer(options, await ask(options, call), (one) => `Account ${one.id}. ${sumOf(one)}`);
    });

  addAccountLogins(account);
}

interface CreditOptions {
  readonly note?: string;
  readonly correction?: true;
}

function listed(accounts: readonly AccountListed[]): string {
  if (accounts.length === 0) return "No accounts.";
  const isUsageShown = accounts.some(({ usage }) => usage !== undefined);
  return table(
    [
      "account",
      "credits",
      "sessions",
      "password",
      "access",
      ...(isUsageShown ? ["messages", "charged", "committed", "refunded"] : []),
      "numbers",
    ],
    accounts.map(({ id, credits, sessions, passwordScheme, access, usage, numbers }) => [
      id,
      credits,
      sessions,
      passwordScheme,
      access,
      ...(usage === undefined
        ? []
        : [usage.messages, usage.charged, usage.committed, usage.refunded]),
      numbers.join(", "),
    ]),
  );
}

function details({ id, credits, passwordScheme, numbers, options }: AccountDetail): string {
  return pairs([
    ["account", id],
    ["credits", String(credits)],
    ["password", passwordScheme],
    ["numbers", numbers.join(", ")],
    ...Object.entries(options).map(([name, value]) => [name, String(value)] as const),
  ]);
}

function sumOf({ credits }: AccountView): string {
  return credits === 1 ? "It has 1 credit." : `It has ${credits} credits.`;
}

function tryIt(id: string): string {
  return `Try it: signalbox simulate esme --system-id ${id} --password - --to +15551234567 --text Hello`;
}
