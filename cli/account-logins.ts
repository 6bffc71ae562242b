import { type Command, Option } from "commander";
import { z } from "../src/config/schema.ts";
import {
  type PasswordScheme,
  keep,
  keptFault,
  passwordSchemes,
} from "../src/model/kept-password.ts";
import type { OptionChanges } from "../src/model/account-options.ts";
import { checkedLogin } from "../src/model/password-rules.ts";
import { assignments, credits } from "./argument.ts";
import { ask, segment } from "./gateway.ts";
import { readPassword } from "./password.ts";
import { answer, count } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";
import { visible } from "./visible.ts";
import { accountDetailShape, accountShape } from "./views.ts";

const warned = z.object({ warnings: z.array(z.string()) });

const changedShape = warned.extend({ ended: z.number() });

const accessShape = z.object({ access: z.enum(["enabled", "disabled"]), ended: z.number() });

interface LoginOptions {
  readonly password?: string;
  readonly hash?: string;
  readonly scheme: PasswordScheme;
}

interface AddOptions extends LoginOptions {
  readonly credits: number;
  readonly number: readonly string[];
  readonly host?: string;
}

interface EndOption {
  readonly endSessions?: true;
}

/** `signalbox account add|password|hash|disable|enable` */
export function addAccountLogins(account: Command): void {
  const withLogin = (command: Command): Command =>
    command
      .option("--password <password>", "its password; others on this machine may see it")
      .addOption(
        new Option("--hash <hash>", "what is kept of a password elsewhere").conflicts("password"),
      )
      .addOption(
        new Option("--scheme <scheme>", "how the password is kept")
          .choices(passwordSchemes)
          .default("scrypt"),
      );

  withLogin(
    account
      .command("add")
      .description("make an account and print what its customer needs to connect")
      .argument("<id>", "the account's id, which is its system_id")
      .argument("[option=value...]", "such as rate=20/second senders=Shop", assignments),
  )
    .option("--credits <number>", "credits to begin with", credits({ negative: false }), 0)
    .option("--number <range...>", "numbers or ranges that are its own", [])
    .option("--host <name>", "the name by which he reaches us; this machine's when left out")
    .action(
      async (
        id: string,
        texts: OptionChanges | readonly never[],
        own: AddOptions,
        command: Command,
      ) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        const login = await loginOf(own, `Password for ${id}: `);
        const body = {
          id,
          ...login,
          credits: own.credits,
          numbers: own.number,
          options: Array.isArray(texts) ? {} : texts,
        };
        const shape = z.intersection(accountShape, warned);
        const made = await ask(options, { method: "POST", path: "/v1/accounts", body, shape });
        const path = `/v1/accounts/${segment(id)}`;
        const detail = await ask(options, { method: "GET", path, shape: accountDetailShape });
        const { accountSheet } = await import("./account-sheet.ts");
        const lines = accountSheet(detail, await readSettings(options), own.host);
        const sheet = visible(lines).join("\n");
        warn(made.warnings);
        answer(
          options,
          { ...made, sheet },
          (one) => `Account ${one.id} is made. For its customer:\n\n${sheet}`,
          `The same again: signalbox account sheet ${id}`,
        );
      },
    );

  withLogin(
    account
      .command("password")
      .description("set a new password; it is asked for, or read from standard input")
      .argument("<id>"),
  )
    .option("--end-sessions", "end the sessions that are bound with the old one")
    .action(async (id: string, own: LoginOptions & EndOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const login = await loginOf(own, `New password for ${id}: `);
      const body = { ...login, endSessions: own.endSessions === true };
      const path = `/v1/accounts/${segment(id)}/password`;
      const done = await ask(options, { method: "PUT", path, body, shape: changedShape });
      warn(done.warnings);
      answer(
        options,
        { id, ...done },
        (one) => `Account ${one.id} has a new password. ${endedText(one.ended, own)}`,
        `Try it: signalbox simulate esme --system-id ${id} --password - --to +15551234567 --text Hello`,
      );
    });

  account
    .command("hash")
    .description("print an account for the configuration file, with the hash of its password")
    .argument("<id>")
    .addOption(
      new Option("--scheme <scheme>", "how the password is kept")
        .choices(["scrypt", "sha1-utf16le"])
        .default("scrypt"),
    )
    .option("--password <password>", "its password; others on this machine may see it")
    .action(async (id: string, own: LoginOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const password = own.password ?? (await readPassword(`Password for ${id}: `));
      warn(checkedLogin(id, password, "lenient"));
      const kept = await keep(password, own.scheme);
      if (keptFault(kept) !== undefined) throw new Error("a hash of ours has no form of ours");
      const { scheme, hash } = kept;
      answer(
        options,
        { id, scheme, hash },
        () =>
          `accounts:\n  ${JSON.stringify(id)}:\n    hash: ${JSON.stringify(hash)}\n    scheme: ${scheme}`,
        "Put it into signalbox.yaml; it is in force at once",
      );
    });

  for (const [verb, enabled, words] of [
    ["disable", false, "nobody binds as it, and nothing new is taken from its sessions"],
    ["enable", true, "it may bind and send again"],
  ] as const) {
    const one = account.command(verb).description(words).argument("<id>");
    if (!enabled) one.option("--end-sessions", "end its sessions, too");
    one.action(async (id: string, own: EndOption, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/accounts/${segment(id)}/access`;
      const body = { enabled, endSessions: own.endSessions === true };
      const done = await ask(options, { method: "PUT", path, body, shape: accessShape });
      const ended = enabled ? "" : ` ${endedText(done.ended, own)}`;
      answer(options, { id, ...done }, () => `Account ${id} is ${done.access}.${ended}`);
    });
  }
}

async function loginOf(own: LoginOptions, question: string): Promise<object> {
  const { hash, scheme } = own;
  if (hash !== undefined) return { hash, scheme };
  return { password: own.password ?? (await readPassword(question)), scheme };
}

function warn(warnings: readonly string[]): void {
  for (const text of warnings) process.stderr.write(`warning: ${visible(text)}\n`);
}

function endedText(ended: number, { endSessions }: EndOption): string {
  if (endSessions === true) return `${count(ended, "session")} ended.`;
  return "Sessions that are bound stay.";
}
