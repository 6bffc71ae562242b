import type { Command } from "commander";
import type { z } from "../src/config/schema.ts";
import type { RoutePlanSum, RoutePlanView } from "../src/model/route-plan-view.ts";
import { duration, wholeNumber } from "./argument.ts";
import { WrongArguments } from "./failure.ts";
import { askAtLength } from "./long-work.ts";
import { answer, count, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import { type TableOptions, tellImportStep, withTableOptions } from "./route-table.ts";
import { movedShape, planStepShape, plannedShape } from "./route-views.ts";
import type { GlobalOptions } from "./settings.ts";

const dayMs = 86_400_000;

/** As many as the gateway looks at. */
const lastMax = 100_000;

/** Messages that are shown one by one; `--json` has all that the gateway lists. */
const shownUsual = 20;

/** `signalbox route plan <file>` */
export function addRoutePlan(route: Command): void {
  const plan = route
    .command("plan")
    .description("show which messages of the last day would go elsewhere, and what that would cost")
    .argument(
      "<file>",
      "a file with `routes:` and nothing else, as of `route apply`; with --table, CSV of a number table",
    )
    .option("--table <name>", "the file is this number table")
    .option("--since <time>", "messages of this time, as 30m, 12h, 1d", duration(1_000, 30 * dayMs))
    .option("--last <number>", "the newest so many of them", wholeNumber(1, lastMax))
    .option("--limit <number>", "how many to show one by one", wholeNumber(0, 1_000), shownUsual);
  withTableOptions(plan).action(async (file: string, own: PlanOptions, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { table: name, since = dayMs, last, qualityMin, perProvider } = own;
    if (name === undefined && (qualityMin !== undefined || perProvider !== undefined))
      throw new WrongArguments("--quality-min and --per-provider are of a --table");
    const sinceMs = Date.now() - since;
    const query = { sinceMs, last, table: name, qualityMin, perProvider };
    const type = name === undefined ? "application/yaml" : "text/csv";
    const progress = createProgress(options, { label: "Planning", unit: "messages" });
    const moved: Moved[] = [];
    const path = "/v1/routes/plan";
    const sums = await askAtLength(
      options,
      { method: "POST", path, query, file: { path: file, type } },
      {
        progress,
        end: (line) => plannedShape.safeParse(line).data?.plan,
        step(line) {
          const one = movedShape.safeParse(line).data?.moved;
          if (one !== undefined) moved.push(one);
          const step = planStepShape.safeParse(line).data;
          if (step !== undefined && !tellsImport(line)) progress.at(step.done, undefined);
          else tellImportStep(progress, line);
        },
      },
    );
    const next =
      name === undefined
        ? "Take it: signalbox route apply <file>"
        : `Take it: signalbox route table import ${name} ${file}`;
    answer(options, { ...sums, list: moved }, (all) => planText(all, own.limit), next);
  });
}

type Moved = z.infer<typeof movedShape>["moved"];

interface PlanOptions extends TableOptions {
  readonly table?: string;
  readonly since?: number;
  readonly last?: number;
  readonly limit: number;
}

function tellsImport(line: unknown): boolean {
  return typeof line === "object" && line !== null && "step" in line;
}

function planText(
  plan: RoutePlanView & { readonly list: readonly Moved[] },
  limit: number,
): string {
  const { messages, moved, before, after, ways, list } = plan;
  if (messages === 0) return "No message came in that time.";
  const shown = list.slice(0, limit);
  const rows = ways.map((one) => [
    one.way,
    one.before.messages,
    one.after.messages,
    costText(one.before),
    costText(one.after),
  ]);
  const all = ["all", before.messages, after.messages, costText(before), costText(after)];
  const texts = [
    `${moved} of ${count(messages, "message")} would go elsewhere.`,
    table(["to", "messages now", "then", "cost now", "then"], [...rows, all]),
  ];
  if (shown.length > 0)
    texts.push(
      table(
        ["message", "number", "now", "then"],
        shown.map((one) => [one.message, one.to, wayText(one.before), wayText(one.after)]),
      ),
    );
  if (moved > shown.length) texts.push(`and ${moved - shown.length} more`);
  return texts.join("\n\n");
}

function costText({ cost, unpriced }: RoutePlanSum): string {
  return unpriced === 0 ? cost : `${cost} + ${unpriced} of unknown price`;
}

function wayText({ way, cost }: Moved["before"]): string {
  return cost === undefined ? way : `${way} (${cost})`;
}
