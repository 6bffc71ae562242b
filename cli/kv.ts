import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { KvEntryView } from "../src/model/kv-view.ts";
import { WrongArguments } from "./failure.ts";
import { ask } from "./gateway.ts";
import { answer, dateTime, shortened, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { kvEntryShape, kvNamespaceShape, kvPageShape } from "./views.ts";

/** Characters of a value in a list; `kv get` and `--json` have all of it. */
const valueCharactersMax = 80;

const limitUsual = 100;
const limitMax = 1_000;

/** `signalbox kv …` */
export function addKv(program: Command): void {
  const kv = program.command("kv").description("what triggers keep beyond one event");
  kv.command("namespaces")
    .description("show which there are: a file's own, and `shared:<name>`")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(kvNamespaceShape);
      const all = await ask(options, { method: "GET", path: "/v1/kv", shape });
      const words = (): string =>
        all.length === 0
          ? "No trigger keeps anything."
          : table(
              ["namespace", "entries"],
              all.map((one) => [one.namespace, one.entries]),
            );
      answer(options, all, words, "What is in one: signalbox kv list <namespace>");
    });

  kv.command("list")
    .description("show the entries of a namespace by key")
    .argument("<namespace>", "as `signalbox kv namespaces` shows it")
    .option("--prefix <text>", "only keys that begin so", "")
    .option("--after <key>", "only keys above this one: the last of the page before", "")
    .option("--limit <number>", `how many at most, up to ${limitMax}`, String(limitUsual))
    .action(async (namespace: string, own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const limit = Number(own.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
        throw new WrongArguments(`--limit must be a whole number from 1 to ${limitMax}`);
      const query = { namespace, prefix: own.prefix, after: own.after, limit };
      const path = "/v1/kv/entries";
      const page = await ask(options, { method: "GET", path, query, shape: kvPageShape });
      const next =
        page.next === undefined
          ? `One of them: signalbox kv get ${namespace} <key>`
          : `There are more: signalbox kv list ${namespace} --after ${JSON.stringify(page.next)}`;
      answer(options, page, ({ entries }) => listed(entries), next);
    });

  kv.command("get")
    .description("show one entry, whole")
    .argument("<namespace>", "as `signalbox kv namespaces` shows it")
    .argument("<key>", "as `signalbox kv list` shows it")
    .action(async (namespace: string, key: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const call = { method: "GET", path: "/v1/kv/entry", query: { namespace, key } } as const;
      const entry = await ask(options, { ...call, shape: kvEntryShape });
      answer(options, entry, ({ value }) => JSON.stringify(value, null, 2));
    });

  kv.command("delete")
    .description("take one entry away; a trigger finds nothing there from now on")
    .argument("<namespace>", "as `signalbox kv namespaces` shows it")
    .argument("<key>", "as `signalbox kv list` shows it")
    .action(async (namespace: string, key: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const call = { method: "DELETE", path: "/v1/kv/entry", query: { namespace, key } } as const;
      const entry = await ask(options, { ...call, shape: kvEntryShape });
      const words = (was: KvEntryView): string =>
        `${was.key} is gone; it was ${shortened(JSON.stringify(was.value), valueCharactersMax)}.`;
      answer(options, entry, words, `What is left: signalbox kv list ${namespace}`);
    });
}

interface ListOptions {
  readonly prefix: string;
  readonly after: string;
  readonly limit: string;
}

function listed(entries: readonly KvEntryView[]): string {
  if (entries.length === 0) return "Nothing is kept there.";
  return table(
    ["key", "value", "until"],
    entries.map(({ key, value, expiresMs }) => [
      key,
      shortened(JSON.stringify(value), valueCharactersMax),
      expiresMs === undefined ? "" : dateTime(expiresMs),
    ]),
  );
}
