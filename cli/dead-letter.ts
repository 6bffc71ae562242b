import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import type { DeadLetterView } from "../src/model/view.ts";
import { exitCodes, WrongArguments } from "./failure.ts";
import { ask, segment } from "./gateway.ts";
import { answer, count, dateTime, shortened, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { deadLetterShape, retriedShape } from "./views.ts";

/** Characters of what a dead letter was; `--json` has all of it. */
const payloadCharactersMax = 200;

/** `signalbox deadletter …` */
export function addDeadLetter(program: Command): void {
  const letter = program
    .command("deadletter")
    .description("what was given up: reports for nobody, statuses that no trigger could decide");
  letter
    .command("list")
    .description("show what was given up and why, the newest first")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const next = "Mend the cause, then: signalbox deadletter retry <id>, or --all";
      answer(options, await lettersOf(options), listed, next);
    });

  letter
    .command("retry")
    .description("work on it again, as if it had just come")
    .argument("[id]", "its id, as `signalbox deadletter list` shows it")
    .option("--all", "every one")
    .action(async (id: string | undefined, own: { readonly all?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if ((id === undefined) === (own.all === undefined))
        throw new WrongArguments("name one id, or say --all");
      const next = "What came of it: signalbox deadletter list, signalbox report unmatched";
      if (id !== undefined) {
        const words = (one: Retried) => `Dead letter ${one.id} (${one.kind}) is worked on again.`;
        answer(options, await retry(options, id), words, next);
        return;
      }
      const outcome = await retryAll(options);
      answer(options, outcome, summary, next);
      if (outcome.refused.length > 0) process.exitCode = exitCodes.refused;
    });
}

interface Retried {
  readonly id: string;
  readonly kind: string;
}

interface Outcome {
  readonly retried: readonly Retried[];
  readonly refused: readonly {
    readonly id: string;
    readonly code: string;
    readonly message: string;
  }[];
}

function lettersOf(options: GlobalOptions): Promise<DeadLetterView[]> {
  return ask(options, { method: "GET", path: "/v1/dead-letters", shape: z.array(deadLetterShape) });
}

function retry(options: GlobalOptions, id: string): Promise<Retried> {
  const path = `/v1/dead-letters/${segment(id)}/retry`;
  return ask(options, { method: "POST", path, shape: retriedShape });
}

/** One after another; the gateway lists so many at a time, so it is asked again until none is new. */
async function retryAll(options: GlobalOptions): Promise<Outcome> {
  const retried: Retried[] = [];
  const refused: Outcome["refused"][number][] = [];
  const seen = new Set<string>();
  const progress = createProgress(options, { label: "Retrying", unit: "dead letters" });
  for (;;) {
    const fresh = (await lettersOf(options)).filter(({ id }) => !seen.has(id));
    if (fresh.length === 0) break;
    const total = seen.size + fresh.length;
    for (const { id } of fresh) {
      seen.add(id);
      try {
        retried.push(await retry(options, id));
      } catch (cause) {
        // One that cannot be retried holds up none of the others; without a gateway none can.
        if (!(cause instanceof GatewayError) || cause.code === "not_running") throw cause;
        refused.push({ id, code: cause.code, message: cause.message });
      }
      progress.at(seen.size, total);
    }
  }
  progress.end();
  return { retried, refused };
}

function summary({ retried, refused }: Outcome): string {
  const done = `${count(retried.length, "dead letter")} ${retried.length === 1 ? "is" : "are"} worked on again.`;
  return [done, ...refused.map(({ id, message }) => `${id}: ${message}`)].join("\n");
}

function listed(letters: readonly DeadLetterView[]): string {
  if (letters.length === 0) return "No dead letters.";
  return table(
    ["id", "time", "what", "message", "why", "content"],
    letters.map((one) => [
      one.id,
      dateTime(one.atMs),
      one.kind,
      one.root ?? "",
      one.reason,
      shortened(one.payload, payloadCharactersMax),
    ]),
  );
}
