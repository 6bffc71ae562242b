import type { ConfigFault } from "../src/config/load.ts";
import { faultLine } from "../src/config/load.ts";
import { visible } from "./visible.ts";
import { ERRORS, type ErrorCode, GatewayError } from "../src/model/error.ts";

/** What the shell is told. */
export const exitCodes = {
  done: 0,
  refused: 1,
  wrongArguments: 2,
  notRunning: 3,
  configuration: 4,
  unwell: 5,
} as const;

/** The configuration cannot be used; each fault is told on its own line. */
export class ConfigFaults extends Error {
  readonly faults: readonly ConfigFault[];
  readonly file: string;

  constructor(file: string, faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? "one fault" : `${faults.length} faults`;
    super(`${count} in ${file}`);
    this.file = file;
    this.faults = faults;
  }
}

/** What was typed cannot be done in this form; told like an unknown option. */
export class WrongArguments extends Error {}

/** It was not done for a reason on this side: what it is, and in one sentence what to do. */
export class Refused extends Error {
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

/** A gateway is there and cannot tell how it does, which is no good sign: the answer of `status`. */
export class Unwell extends GatewayError {
  constructor(cause: GatewayError) {
    super(cause.code, cause.message, { cause });
  }
}

/** Tells what went wrong, as one line (or a line for each fault) or as JSON, and gives the exit code. */
export function tellError(cause: unknown, { json }: { readonly json: boolean }): number {
  if (json) {
    const faults = cause instanceof ConfigFaults ? { faults: cause.faults } : {};
    const error = { code: codeOf(cause), message: messageOf(cause), ...faults };
    process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  } else {
    for (const fault of cause instanceof ConfigFaults ? cause.faults : [])
      process.stderr.write(`${faultLine(fault)}\n`);
    process.stderr.write(`signalbox: ${errorText(cause)}\n`);
    if (isOurFault(cause)) process.stderr.write(`${cause.stack ?? ""}\n`);
  }
  return exitCodeOf(cause);
}

/** What went wrong and what to do, in one line. */
export function errorText(cause: unknown): string {
  // The words may be the gateway's, and quote what came over a wire.
  return sentence(visible(messageOf(cause)), adviceOf(cause));
}

export function exitCodeOf(cause: unknown): number {
  if (cause instanceof WrongArguments) return exitCodes.wrongArguments;
  if (cause instanceof Unwell) return exitCodes.unwell;
  const code = codeOf(cause);
  if (code === "not_running") return exitCodes.notRunning;
  return code === "bad_configuration" ? exitCodes.configuration : exitCodes.refused;
}

function codeOf(cause: unknown): ErrorCode {
  if (cause instanceof ConfigFaults) return "bad_configuration";
  if (cause instanceof WrongArguments || cause instanceof Refused) return "bad_request";
  return cause instanceof GatewayError ? cause.code : "internal";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function adviceOf(cause: unknown): string {
  if (cause instanceof WrongArguments) return "See --help.";
  if (cause instanceof Refused) return cause.advice;
  return isOurFault(cause)
    ? "This is a fault of ours; please report it."
    : ERRORS[codeOf(cause)].advice;
}

function isOurFault(cause: unknown): cause is Error {
  return (
    cause instanceof Error &&
    !(
      cause instanceof GatewayError ||
      cause instanceof ConfigFaults ||
      cause instanceof WrongArguments ||
      cause instanceof Refused
    )
  );
}

/** What and where, then what to do; the advice is not said twice when it is all that there is to say. */
function sentence(what: string, advice: string): string {
  const first = what.trim().replace(/[.;]?$/, ".");
  return first === advice ? first : `${first} ${advice}`;
}
