import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { OptionChanges } from "../src/model/account-options.ts";
import type { AccountDetail, AccountView } from "../src/model/view.ts";
import { accountSheet } from "./account-sheet.ts";
import { assignments, credits } from "./argument.ts";
import { ask, segment } from "./gateway.ts";
import { readPassword } from "./password.ts";
import { answer, pairs, table } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";
import { visible } from "./visible.ts";
import { accountDetailShape, accountShape } from "./views.ts";

/** `signalbox account …`; accounts live in the database, so a gateway must run. */
export function addAccount(program: Command): void {
  const account = program.command("account").description("customers, their credits and numbers");

  account
    .command("list")
    .description("show every account")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(accountShape);
      const accounts = await ask(options, { method: "GET", path: "/v1/accounts", shape });
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
      const settings = readSettings(options);
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
    .command("add")
    .description("make an account; its password is asked for, or read from standard input")
    .argument("<id>", "the account's id, which is its system_id")
    .option("--credits <number>", "credits to begin with", credits({ negative: false }), 0)
    .option("--number <range...>", "numbers or ranges that are its own", [])
    .option("--password <password>", "its password; others on this machine may see it")
    .action(async (id: string, own: AddOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const password = own.password ?? (await readPassword(`Password for ${id}: `));
      const body = { id, password, credits: own.credits, numbers: own.number };
      const call = { method: "POST", path: "/v1/accounts", body, shape: accountShape } as const;
      const made = await ask(options, call);
      answer(options, made, (one) => `Account ${one.id} is made. ${sumOf(one)}`, sheetOf(id));
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

  account
    .command("password")
    .description("set a new password; it is asked for, or read from standard input")
    .argument("<id>")
    .option("--password <password>", "the new one; others on this machine may see it")
    .action(async (id: string, own: { readonly password?: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const password = own.password ?? (await readPassword(`New password for ${id}: `));
      const path = `/v1/accounts/${segment(id)}/password`;
      await ask(options, { method: "PUT", path, body: { password }, shape: z.undefined() });
      answer(options, { id }, (one) => `Account ${one.id} has a new password.`, tryIt(id));
    });
}

interface CreditOptions {
  readonly note?: string;
  readonly correction?: true;
}

interface AddOptions {
  readonly credits: number;
  readonly number: readonly string[];
  readonly password?: string;
}

function listed(accounts: readonly AccountView[]): string {
  if (accounts.length === 0) return "No accounts.";
  return table(
    ["account", "credits", "password", "numbers"],
    accounts.map((one) => [one.id, one.credits, one.passwordScheme, one.numbers.join(", ")]),
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

function sheetOf(id: string): string {
  return `What the customer needs to connect: signalbox account sheet ${id}`;
}

function tryIt(id: string): string {
  return `Try it: signalbox simulate esme --system-id ${id} --password - --to +15551234567 --text Hello`;
}
