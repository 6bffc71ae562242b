import { type Command, Option } from "commander";
import { z } from "../src/config/schema.ts";
import { API_SCOPES, type ApiScope } from "../src/model/api-key.ts";
import { duration } from "./argument.ts";
import { confirm } from "./confirm.ts";
import { ask, segment } from "./gateway.ts";
import { answer, dateTime, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

const keyShape = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(API_SCOPES)),
  allowFrom: z.string(),
  createdMs: z.number(),
  expiresMs: z.number().optional(),
  by: z.string(),
});

const newKeyShape = keyShape.extend({ key: z.string() });

type Key = z.infer<typeof keyShape>;

const dayMs = 86_400_000;

/** ms. Who wants more leaves the option out. */
const lastsMostMs = 3_650 * dayMs;

/** `signalbox apikey …`: keys for the HTTP channel. */
export function addApikey(program: Command): void {
  const apikey = program.command("apikey").description("keys with which customers use HTTP");

  apikey
    .command("add")
    .description("make a key of an account; it is told this once and never again")
    .argument("<account>")
    .option("--name <name>", "what it is for; two of a name may be in use at a time", "default")
    .addOption(scopesOption())
    .option("--from <addresses>", "addresses and networks it may be used from", "")
    .option("--for <time>", "how long it lasts, such as 90d", duration(60_000, lastsMostMs))
    .action(async (account: string, own: AddOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { name, scope: scopes, from: allowFrom, for: lastsMs } = own;
      const ends = lastsMs === undefined ? {} : { expiresMs: Date.now() + lastsMs };
      const body = { account, name, scopes, allowFrom, ...ends };
      answer(options, await make(options, body), madeText, keepIt);
    });

  apikey
    .command("list")
    .description("show the keys of an account, or of all")
    .argument("[account]")
    .action(async (account: string | undefined, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      answer(
        options,
        await keysOf(options, account),
        listed,
        "Make one: signalbox apikey add <id>",
      );
    });

  apikey
    .command("rotate")
    .description("make a key in the place of another, which ends a while later")
    .argument("<id>", "the key's id, as `apikey list` shows it")
    .option("--overlap <time>", "how long both are good", duration(0, lastsMostMs), dayMs)
    .action(async (id: string, own: { readonly overlap: number }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const old = (await keysOf(options, undefined)).find((key) => key.id === id);
      const { account = "", name = "default", scopes = [], allowFrom = "" } = old ?? {};
      const path = `/v1/api-keys/${segment(id)}`;
      const expiresMs = Date.now() + own.overlap;
      // The new one first: should it be refused, the old one stays as it was.
      const made =
        old === undefined ? undefined : await make(options, { account, name, scopes, allowFrom });
      const endsMs = Math.min(old?.expiresMs ?? Infinity, expiresMs);
      await ask(options, { method: "PATCH", path, body: { expiresMs: endsMs }, shape: keyShape });
      if (made !== undefined) answer(options, made, madeText, keepIt);
    });

  apikey
    .command("remove")
    .description("end a key at once")
    .argument("<id>", "the key's id, as `apikey list` shows it")
    .option("--yes", "do not ask")
    .action(async (id: string, own: { readonly yes?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const warning = `Whoever uses the key ${id} is refused from now on.`;
      await confirm({ warning, word: id, named: "the key's id", yes: own.yes === true });
      const path = `/v1/api-keys/${segment(id)}`;
      await ask(options, { method: "DELETE", path, shape: z.undefined() });
      answer(options, { id }, () => `The key ${id} is removed.`);
    });
}

interface AddOptions {
  readonly name: string;
  readonly scope: readonly ApiScope[];
  readonly from: string;
  readonly for?: number;
}

const keepIt = "Keep it safe: we know its hash only. Use: Authorization: Bearer <key>";

function make(
  options: GlobalOptions,
  body: Readonly<Record<string, unknown>>,
): Promise<z.infer<typeof newKeyShape>> {
  return ask(options, { method: "POST", path: "/v1/api-keys", body, shape: newKeyShape });
}

function keysOf(options: GlobalOptions, account: string | undefined): Promise<readonly Key[]> {
  const path = account === undefined ? "/v1/api-keys" : `/v1/api-keys?account=${segment(account)}`;
  return ask(options, { method: "GET", path, shape: z.array(keyShape) });
}

function scopesOption(): Option {
  return new Option("--scope <scope...>", "what it may be used for")
    .choices(API_SCOPES)
    .default(["send", "read"]);
}

function madeText({ id, account, key }: z.infer<typeof newKeyShape>): string {
  return `Key ${id} of ${account}:\n${key}`;
}

function listed(keys: readonly Key[]): string {
  if (keys.length === 0) return "No keys.";
  return table(
    ["key", "account", "name", "scopes", "from", "made", "ends"],
    keys.map((one) => [
      one.id,
      one.account,
      one.name,
      one.scopes.join(" "),
      one.allowFrom,
      dateTime(one.createdMs),
      one.expiresMs === undefined ? "" : dateTime(one.expiresMs),
    ]),
  );
}
