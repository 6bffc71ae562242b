import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { NumberView, OwnerView } from "../src/model/inbound-view.ts";
import { wholeNumber } from "./argument.ts";
import { ask } from "./gateway.ts";
import { numberShape, numbersImportShape, numbersPageShape, ownerShape } from "./inbound-views.ts";
import { answer, count, dateTime, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** How long an import may be silent; a slow disk may need some seconds. */
const importTimeoutMs = 120_000;

const patternHelp = "+31600000000, +31600000000-+31600000099 or +3161*";

/** `signalbox number …` */
export function addNumber(program: Command): void {
  const number = program
    .command("number")
    .description("whose messages to which numbers, ranges, prefixes and keywords are");

  number
    .command("list")
    .description("show the table; the accounts' own numbers are in `account list`")
    .option("--account <id>", "only what is this account's")
    .option("--after <row>", "only rows behind this one: the last of the page before", "")
    .option("--limit <number>", "how many at most, up to 1,000", wholeNumber(1, 1_000), 100)
    .action(async (own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { account, after, limit } = own;
      const query = { account, after, limit };
      const path = "/v1/numbers";
      const page = await ask(options, { method: "GET", path, query, shape: numbersPageShape });
      const next =
        page.next === undefined
          ? "Whose is one: signalbox number check <number>"
          : `There are more: signalbox number list --after ${JSON.stringify(page.next)}`;
      answer(options, page, ({ numbers }) => listed(numbers), next);
    });

  number
    .command("check")
    .description("show who gets what comes in for a number, and by which row")
    .argument("<number>", "as it stands in traces")
    .option("--text <text>", "with this text: its first word may be a keyword", "")
    .action(async (asked: string, own: { readonly text: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const query = { number: asked, text: own.text };
      const path = "/v1/numbers/owner";
      const owner = await ask(options, { method: "GET", path, query, shape: ownerShape });
      answer(options, owner, (one) => ownerText(asked, one));
    });

  number
    .command("add")
    .description("give a number, a range, a prefix or a keyword of them to an account")
    .argument("<pattern>", patternHelp)
    .argument("<account>", "whose it is from now on")
    .option("--keyword <word>", "only messages that begin with this word", "")
    .action(async (pattern: string, account: string, own: KeywordOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = { pattern, account, keyword: own.keyword };
      const call = { method: "POST", path: "/v1/numbers", body, shape: numberShape } as const;
      const added = await ask(options, call);
      answer(
        options,
        added,
        (one) => `${rowText(one)} is ${one.account}'s.`,
        "signalbox number list",
      );
    });

  number
    .command("remove")
    .description("take a row away; what comes in for it is nobody's, or of a wider row")
    .argument("<pattern>", "as `signalbox number list` shows it")
    .option("--keyword <word>", "the row with this keyword", "")
    .action(async (pattern: string, own: KeywordOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const query = { pattern, keyword: own.keyword };
      await ask(options, { method: "DELETE", path: "/v1/numbers", query, shape: z.undefined() });
      answer(options, query, (one) => `${rowText(one)} is gone.`, "signalbox number list");
    });

  number
    .command("import")
    .description("add rows of a CSV file with the columns number, account and keyword: all or none")
    .argument("<file>", "UTF-8, a head in its first line; separated by , ; or tab")
    .option("--replace", "what is not in the file goes")
    .action(async (file: string, own: { readonly replace?: boolean }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = { csv: await readFile(file, "utf8"), replace: own.replace === true };
      const path = "/v1/numbers/import";
      const call = { method: "POST", path, body, timeoutMs: importTimeoutMs } as const;
      const done = await ask(options, { ...call, shape: numbersImportShape });
      const words = ({ added, same, removed }: typeof done): string =>
        `${count(added, "row", "rows")} added, ${same} stood there already, ${removed} taken away before.`;
      answer(options, done, words, "signalbox number list");
    });
}

interface ListOptions {
  readonly account?: string;
  readonly after: string;
  readonly limit: number;
}

interface KeywordOption {
  readonly keyword: string;
}

function rowText({ pattern, keyword }: Pick<NumberView, "pattern" | "keyword">): string {
  return keyword === "" ? pattern : `${keyword} to ${pattern}`;
}

function ownerText(asked: string, { account, by }: OwnerView): string {
  if (account === undefined) return `${asked} is nobody's.`;
  return `${asked} is ${account}'s: ${by ?? "a number of the account itself"}.`;
}

function listed(numbers: readonly NumberView[]): string {
  if (numbers.length === 0) return "No rows.";
  return table(
    ["number", "keyword", "account", "by", "since"],
    numbers.map((one) => [one.pattern, one.keyword, one.account, one.by, dateTime(one.atMs)]),
  );
}
