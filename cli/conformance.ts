import type { Command } from "commander";
import { CHECKS, SECTIONS } from "../src/conformance/checks.ts";
import { checkConformance, type Result, type Target } from "../src/conformance/run.ts";
import { wholeNumber } from "./argument.ts";
import { exitCodes, WrongArguments } from "./failure.ts";
import { readPassword } from "./password.ts";
import { answer, paint, suggest, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";

/** s. Longer than the usual half minute between two enquire_links. */
const patienceS = 45;

/** `signalbox conformance`: what a server does with all that the specification knows, right and wrong. */
export function addConformance(program: Command): void {
  program
    .command("conformance")
    .description("ask an SMPP server everything, right and wrong, and show where it differs")
    .argument("<host[:port]>", "the server; port 2775, or 2776 with --tls")
    .requiredOption("--system-id <id>", "who binds")
    .requiredOption("--password <password>", "its password; - asks for it")
    .option("--system-type <type>", "system_type of the binds", "")
    .option("--tls", "connect with TLS and check the certificate")
    .option("--insecure", "connect with TLS and take any certificate")
    .option("--to <number>", "a phone of yours; without it nothing is submitted")
    .option("--from <number>", "who submits", "+15550100001")
    .option(
      "--patience <seconds>",
      "how long its time-outs are waited for; 0 leaves them out",
      wholeNumber(0, 3_600),
      patienceS,
    )
    .option("--all", "show what passed, too")
    .action(async (host: string, own: ConformanceOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      process.exitCode = await run(host, own, options);
    });
}

interface ConformanceOptions {
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  readonly tls?: true;
  readonly insecure?: true;
  readonly to?: string;
  readonly from: string;
  readonly patience: number;
  readonly all?: true;
}

async function run(host: string, own: ConformanceOptions, options: GlobalOptions): Promise<number> {
  const secure = own.tls === true || own.insecure === true;
  const target: Target = {
    ...placeOf(host, secure ? 2776 : 2775),
    systemId: own.systemId,
    password: own.password === "-" ? await readPassword("Password: ") : own.password,
    systemType: own.systemType,
    ...(secure && { tls: { rejectUnauthorized: own.insecure !== true } }),
    from: own.from,
    to: own.to,
    patienceMs: own.patience * 1_000,
  };
  const progress = createProgress(options, { label: "asking", unit: "checks" });
  let done = 0;
  let results: readonly Result[];
  try {
    results = await checkConformance(target, () => progress.at((done += 1), CHECKS.length));
  } finally {
    progress.end();
  }
  const value = results.map(({ check: { id, asks, section, expects }, kind, seen }) => ({
    id,
    asks,
    section,
    expects,
    result: kind,
    seen,
  }));
  answer(options, value, () => words(results, own.all === true));
  if (own.to === undefined && options.json !== true)
    suggest("Nothing was submitted; --to <a phone of yours> asks that, too.");
  return results.some(({ kind }) => kind === "differs") ? exitCodes.refused : exitCodes.done;
}

/** `example.org`, `example.org:2775`, `[::1]:2775`. */
function placeOf(text: string, usualPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? usualPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535)
    throw new WrongArguments(`${text} is not host or host:port ([::1]:2775 for IPv6)`);
  return { host, port: number };
}

const SHOWN = {
  pass: { word: "pass", how: "green" },
  differs: { word: "differs", how: "red" },
  unsupported: { word: "not supported", how: "yellow" },
  skipped: { word: "skipped", how: "dim" },
} as const;

function words(results: readonly Result[], all: boolean): string {
  const parts = SECTIONS.flatMap(({ title, checks }) => {
    const shown = results.filter(
      ({ check, kind }) =>
        checks.includes(check) && (all || kind === "differs" || kind === "unsupported"),
    );
    if (shown.length === 0) return [];
    const rows = shown.map(({ check, kind, seen }) => [
      paint(SHOWN[kind].how, SHOWN[kind].word),
      check.id,
      check.asks,
      check.expects,
      seen,
    ]);
    return [
      `${paint("bold", title)}\n${table(["", "check", "asked", "expected", "seen"], rows)}\n`,
    ];
  });
  const sums = (["pass", "differs", "unsupported", "skipped"] as const)
    .map((kind) => ({ kind, count: results.filter((one) => one.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${SHOWN[kind].word}`);
  return [...parts, sums.join(", ")].join("\n");
}
