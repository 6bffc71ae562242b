import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import type { UnmatchedReportView } from "../src/model/view.ts";
import { WrongArguments } from "./failure.ts";
import { ask, askForFlow, refusalIn } from "./gateway.ts";
import { linesOf } from "./lines.ts";
import { answer, count, dateTime, paint, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { erasingShape, rematchedShape, unmatchedReportShape } from "./views.ts";

/** `signalbox report …` */
export function addReport(program: Command): void {
  const report = program.command("report").description("what providers say became of messages");
  report
    .command("unmatched")
    .description("show the reports whose message is not known, what they may be about, and why")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(unmatchedReportShape);
      const reports = await ask(options, { method: "GET", path: "/v1/reports/unmatched", shape });
      const next =
        reports.length === 0
          ? "Those that are given up: signalbox deadletter list"
          : "Match them again: signalbox report rematch --all, or --id <id>";
      answer(options, reports, listed, next);
    });
  report
    .command("rematch")
    .description("match reports again whose message was not known, after a setting was mended")
    .option("--id <id...>", "only these, as `signalbox report unmatched` names them")
    .option("--all", "all of them")
    .action(async (own: Choice, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if ((own.id === undefined) === (own.all === undefined))
        throw new WrongArguments("either --id <id> or --all");
      const next = "Those that are left: signalbox report unmatched";
      answer(options, await rematch(options, own.id), told, next);
    });
}

interface Choice {
  readonly id?: readonly string[];
  readonly all?: true;
}

type Rematched = z.infer<typeof rematchedShape>;

function told({ rematched: { matched, unknown, refused } }: Rematched): string {
  const sum = matched + unknown + refused;
  if (sum === 0) return "No unmatched reports.";
  const rest = refused === 0 ? "" : `; ${refused} found theirs, and the triggers did not take them`;
  return `${matched} of ${count(sum, "report")} found their message, ${unknown} did not${rest}.`;
}

async function rematch(
  options: GlobalOptions,
  ids: readonly string[] | undefined,
): Promise<Rematched> {
  const body = ids === undefined ? {} : { ids };
  const call = { method: "POST", path: "/v1/reports/rematch", body } as const;
  const chunks = await askForFlow(options, call);
  const progress = createProgress(options, { label: "Matching", unit: "reports" });
  try {
    for await (const line of linesOf(chunks)) {
      const step = erasingShape.safeParse(line);
      if (step.success) progress.at(step.data.done, step.data.total);
      const end = rematchedShape.safeParse(line);
      if (end.success) return end.data;
      const refused = refusalIn(line);
      if (refused !== undefined) throw refused;
    }
  } finally {
    progress.end();
  }
  // What was matched is no longer among them.
  throw new GatewayError("internal", "not all were tried; run the same command again");
}

function listed(reports: readonly UnmatchedReportView[]): string {
  if (reports.length === 0) return "No unmatched reports.";
  const rows = table(
    ["id", "time", "state", "channel", "about", "says", "from", "to"],
    reports.map((one) => [
      one.id,
      dateTime(one.atMs),
      one.state === "dead" ? paint("red", "given up") : paint("yellow", "tried again"),
      one.channel,
      one.messageId,
      one.error === "" ? one.reported : `${one.reported} err:${one.error}`,
      one.from,
      one.to,
    ]),
  );
  return [rows, ...reports.map(explained)].join("\n\n");
}

/** Why it is not matched, and what it may be about. */
function explained({ id, why, candidates }: UnmatchedReportView): string {
  const lines = candidates.map((one) => {
    const asked = one.reportAsked ? "" : ", no report asked";
    const provider = one.providerId ?? "none";
    return `  ${one.message}  ${dateTime(one.atMs)}  ${one.channel}  ${one.status}  id ${provider}${asked}`;
  });
  return [`${id}: ${why}`, ...lines].join("\n");
}
