import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { OptOutsPageView, OptOutView } from "../src/model/inbound-view.ts";
import { wholeNumber } from "./argument.ts";
import { ask } from "./gateway.ts";
import { changedShape, optOutsImportShape, optOutsPageShape } from "./inbound-views.ts";
import { answer, count, dateTime, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** How long an import may be silent; a slow disk may need some seconds. */
const importTimeoutMs = 120_000;

const path = "/v1/opt-outs";

/** `signalbox optout …` */
export function addOptOut(program: Command): void {
  const optout = program.command("optout").description("who wants no messages, and from whom");

  optout
    .command("list")
    .description("show the lists by number")
    .option("--account <id>", "only this account's list")
    .option("--everybody", "only the list for everybody's messages")
    .option("--after <row>", "only rows behind this one: the last of the page before", "")
    .option("--limit <number>", "how many at most, up to 1,000", wholeNumber(1, 1_000), 100)
    .action(async (own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const account = own.everybody === true ? "" : own.account;
      const query = { account, after: own.after, limit: own.limit };
      const page = await ask(options, { method: "GET", path, query, shape: optOutsPageShape });
      const next =
        page.next === undefined
          ? "One number: signalbox optout check <number>"
          : `There are more: signalbox optout list --after ${JSON.stringify(page.next)}`;
      answer(options, page, ({ optOuts }) => listed(optOuts), next);
    });

  optout
    .command("check")
    .description("show on which lists a number stands, since when and by whom")
    .argument("<number>")
    .action(async (number: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const query = { number };
      const page = await ask(options, { method: "GET", path, query, shape: optOutsPageShape });
      const words = ({ optOuts }: OptOutsPageView): string =>
        optOuts.length === 0 ? `${number} is on no list.` : listed(optOuts);
      answer(options, page, words);
    });

  optout
    .command("add")
    .description("put a number on a list: nothing is sent to it from now on")
    .argument("<number>")
    .option("--account <id>", "this account's list; everybody's messages when left out")
    .action(async (number: string, own: AccountOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = { number, account: own.account };
      const done = await ask(options, { method: "POST", path, body, shape: changedShape });
      const words = ({ changed }: typeof done): string =>
        `${number} ${changed ? "is on" : "was on"} the list ${whose(own.account)}.`;
      answer(options, done, words, `Take it off: signalbox optout remove ${number}`);
    });

  optout
    .command("remove")
    .description("take a number off a list")
    .argument("<number>")
    .option("--account <id>", "this account's list; everybody's messages when left out")
    .action(async (number: string, own: AccountOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const query = { number, account: own.account };
      const done = await ask(options, { method: "DELETE", path, query, shape: changedShape });
      const words = ({ changed }: typeof done): string =>
        `${number} ${changed ? "is off" : "was not on"} the list ${whose(own.account)}.`;
      answer(options, done, words, `Where it stands: signalbox optout check ${number}`);
    });

  optout
    .command("import")
    .description("add the numbers of a CSV file with the columns number and account: all or none")
    .argument("<file>", "UTF-8, a head in its first line; separated by , ; or tab")
    .action(async (file: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = { csv: await readFile(file, "utf8") };
      const call = { method: "POST", path: `${path}/import`, body } as const;
      const done = await ask(options, {
        ...call,
        timeoutMs: importTimeoutMs,
        shape: optOutsImportShape,
      });
      const words = ({ added, same }: typeof done): string =>
        `${count(added, "number", "numbers")} added, ${same} stood there already.`;
      answer(options, done, words, "signalbox optout list");
    });
}

interface AccountOption {
  readonly account?: string;
}

interface ListOptions extends AccountOption {
  readonly everybody?: true;
  readonly after: string;
  readonly limit: number;
}

function whose(account: string | undefined): string {
  return account === undefined ? "for everybody's messages" : `of ${account}`;
}

function listed(optOuts: readonly OptOutView[]): string {
  if (optOuts.length === 0) return "Nobody is on it.";
  return table(
    ["number", "wants nothing from", "by", "since"],
    optOuts.map((one) => [one.number, one.account || "everybody", one.by, dateTime(one.atMs)]),
  );
}
