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

/** Tells what went wrong, as one line (or a line for each fault) or as JSON, and gives the exit code. */
export function tellError(cause: unknown, { json }: { readonly json: boolean }): number {
  if (json) {
    const faults = cause instanceof ConfigFaults ? { faults: cause.faults } : {};
    const error = { code: codeOf(cause), message: messageOf(cause), ...faults };
    process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  } else {
    for (const fault of cause instanceof ConfigFaults ? cause.faults : [])
      process.stderr.write(`${faultLine(fault)}\n`);
    // The words may be the gateway's, and quote what came over a wire.
    const what = visible(messageOf(cause));
    process.stderr.write(`signalbox: ${sentence(what, adviceOf(cause))}\n`);
    if (isOurFault(cause)) process.stderr.write(`${cause.stack ?? ""}\n`);
  }
  return exitCodeOf(cause);
}

function exitCodeOf(cause: unknown): number {
  if (cause instanceof WrongArguments) return exitCodes.wrongArguments;
  const code = codeOf(cause);
  if (code === "not_running") return exitCodes.notRunning;
  return code === "bad_configuration" ? exitCodes.configuration : exitCodes.refused;
}

function codeOf(cause: unknown): ErrorCode {
  if (cause instanceof ConfigFaults) return "bad_configuration";
  if (cause instanceof WrongArguments) return "bad_request";
  return cause instanceof GatewayError ? cause.code : "internal";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function adviceOf(cause: unknown): string {
  if (cause instanceof WrongArguments) return "See --help.";
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
      cause instanceof WrongArguments
    )
  );
}

/** What and where, then what to do; the advice is not said twice when it is all that there is to say. */
function sentence(what: string, advice: string): string {
  const first = what.trim().replace(/[.;]?$/, ".");
  return first === advice ? first : `${first} ${advice}`;
}
