import type { Command } from "commander";
import { DELIVERY_ERRORS, type DeliveryError } from "../src/model/delivery-error.ts";
import { ERRORS, type ErrorEntry } from "../src/model/error.ts";
import { commandStatusFrom, commandStatusName } from "../src/smpp/command-status.ts";
import { Refused } from "./failure.ts";
import { answer, pairs, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** A refusal as it is told everywhere; what it is in a protocol that it never reaches is left out. */
interface ErrorView {
  readonly code: string;
  /** Who has to act: `user`, `provider`, `us`. */
  readonly whose: string;
  readonly again: string;
  readonly smpp?: string;
  readonly http?: number;
  readonly err?: string;
  readonly advice: string;
}

/** What `err:` of a receipt says. */
interface ReceiptErrorView {
  readonly err: string;
  readonly name: string;
  readonly meaning: string;
  readonly status: string;
  readonly whose?: string;
  readonly again: string;
}

/** All that a code or a number may mean. */
interface Meanings {
  /** A command_status that was asked for, by its name in SMPP. */
  readonly commandStatus?: string;
  readonly errors: readonly ErrorView[];
  readonly receipts: readonly ReceiptErrorView[];
}

/** `signalbox error ...`; it asks no gateway. */
export function addError(program: Command): void {
  const error = program.command("error").description("tell what a code or a number means");
  error
    .command("list")
    .description("list every code with its number in SMPP and in HTTP")
    .action((_options: unknown, command: Command) => {
      answer(command.optsWithGlobals<GlobalOptions>(), errors(), (all) =>
        table(
          ["code", "whose", "again", "SMPP", "HTTP", "err"],
          all.map(({ code, whose, again, smpp = "", http = "", err = "" }) => [
            code,
            whose,
            again,
            smpp,
            http,
            err,
          ]),
        ),
      );
    });
  error
    .command("show")
    .description("tell what a code means, whose it is to act, and what to do")
    .argument("<code>", "a code, a command_status as 0x58 or ESME_RTHROTTLED, or an err: as 016")
    .action((text: string, _options: unknown, command: Command) => {
      answer(command.optsWithGlobals<GlobalOptions>(), meaningsOf(text), words);
    });
}

function errors(): readonly ErrorView[] {
  return Object.entries<ErrorEntry>(ERRORS).map(([code, entry]) => {
    const { fault, retry, smpp, http, receipt, advice } = entry;
    return {
      code,
      whose: fault,
      again: retry,
      ...(smpp === undefined ? {} : { smpp: statusWords(smpp) }),
      ...(http === undefined ? {} : { http }),
      ...(receipt === undefined ? {} : { err: threeDigits(receipt) }),
      advice,
    };
  });
}

/** The range that SMPP leaves to vendors (v3.4 §5.1.3). */
const vendorFirst = 0x400;
const vendorLast = 0x4ff;

function meaningsOf(text: string): Meanings {
  const status = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)
    ? Number(text)
    : commandStatusFrom(text);
  const found = errors().filter(
    ({ code, smpp }) =>
      code === text.toLowerCase() || (status !== undefined && smpp === statusWords(status)),
  );
  const receipts = /^\d{1,3}$/.test(text) ? receiptErrors(Number(text)) : [];
  const isKnown = status !== undefined && commandStatusName(status).startsWith("ESME_");
  const isVendors = status !== undefined && status >= vendorFirst && status <= vendorLast;
  if (found.length === 0 && receipts.length === 0 && !isKnown && !isVendors)
    throw new Refused(`nothing is known of ${text}`, "See `signalbox error list`.");
  return {
    ...(isKnown || isVendors
      ? {
          commandStatus: isVendors
            ? `${statusWords(status)}, made up by a vendor`
            : statusWords(status),
        }
      : {}),
    errors: found,
    receipts,
  };
}

function receiptErrors(number: number): readonly ReceiptErrorView[] {
  const known: Readonly<Record<number, DeliveryError>> = DELIVERY_ERRORS;
  const found = known[number];
  if (found === undefined) return [];
  const { name, text, status, fault, retry } = found;
  const whose = fault === undefined ? {} : { whose: fault };
  return [{ err: threeDigits(number), name, meaning: text, status, ...whose, again: retry }];
}

function words({ commandStatus, errors: found, receipts }: Meanings): string {
  const blocks = found.map(({ code, whose, again, smpp, http, err, advice }) =>
    pairs([
      ["code", code],
      ["means", advice],
      ["whose", whose],
      ["again", again],
      ...row("SMPP", smpp),
      ...row("HTTP", http?.toString()),
      ...row("err", err),
    ]),
  );
  if (commandStatus !== undefined && found.length === 0)
    blocks.push(
      pairs([
        ["SMPP", commandStatus],
        ["means", "what the peer means by it; we answer it only where a trigger says so"],
      ]),
    );
  for (const { err, name, meaning, status, whose, again } of receipts)
    blocks.push(
      pairs([
        ["err", `${err} ${name}`],
        ["means", meaning],
        ["status", status],
        ...row("whose", whose),
        ["again", again],
      ]),
    );
  return blocks.join("\n\n");
}

function row(name: string, value: string | undefined): (readonly [string, string])[] {
  return value === undefined ? [] : [[name, value]];
}

/** `0x58 ESME_RTHROTTLED`; the number alone of one that SMPP has no name for. */
function statusWords(status: number): string {
  const number = `0x${status.toString(16).padStart(2, "0")}`;
  const name = commandStatusName(status);
  return name.startsWith("ESME_") ? `${number} ${name}` : number;
}

function threeDigits(code: number): string {
  return String(code).padStart(3, "0");
}
