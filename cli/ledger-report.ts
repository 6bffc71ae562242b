import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import type { LedgerReportRow, LedgerReportSums } from "../src/model/ledger-view.ts";
import { askForFlow, refusalIn } from "./gateway.ts";
import { linesOf } from "./lines.ts";
import { answer, count, suggest } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { writeWholeFile } from "./whole-file.ts";

const rowShape: z.ZodType<LedgerReportRow> = z.object({
  day: z.string(),
  what: z.enum(["messages", "opening", "topup", "correction"]),
  channel: z.string(),
  route: z.string(),
  parts: z.number(),
  price: z.string(),
  messages: z.number(),
  held: z.string(),
  committed: z.string(),
  refunded: z.string(),
  paidIn: z.string(),
  balance: z.string().nullable(),
  by: z.string().nullable(),
  note: z.string().nullable(),
});

const stepShape = z.object({ done: z.number(), total: z.number(), rows: z.array(rowShape) });

const sumsShape: z.ZodType<LedgerReportSums> = z.object({
  account: z.string(),
  month: z.string(),
  opening: z.string(),
  paidIn: z.string(),
  messages: z.number(),
  held: z.string(),
  committed: z.string(),
  refunded: z.string(),
  balance: z.string(),
});

const endShape = z.object({ reported: sumsShape });

/** The columns of the CSV, in their order, with what fills each. */
const COLUMNS: readonly (readonly [string, (row: LedgerReportRow) => string | number | null])[] = [
  ["day", ({ day }) => day],
  ["what", ({ what }) => what],
  ["channel", ({ channel }) => channel],
  ["route", ({ route }) => route],
  ["parts", ({ parts, what }) => (what === "messages" ? parts : null)],
  ["price", ({ price }) => price],
  ["messages", ({ messages }) => messages],
  ["held", ({ held }) => held],
  ["committed", ({ committed }) => committed],
  ["refunded", ({ refunded }) => refunded],
  ["paid_in", ({ paidIn }) => paidIn],
  ["balance", ({ balance }) => balance],
  ["by", ({ by }) => by],
  ["note", ({ note }) => note],
];

interface ReportOptions {
  readonly month?: string;
  readonly out?: string;
  readonly force?: true;
}

/** `signalbox ledger report` */
export function addLedgerReport(ledger: Command): void {
  ledger
    .command("report")
    .description("what a month of an account cost, day by day, as CSV; all days are UTC")
    .argument("<account>")
    .option("--month <yyyy-mm>", "the present one when left out")
    .option("--out <file>", "there whole or not at all; else it is printed")
    .option("--force", "replace the file when there is one")
    .action(async (account: string, own: ReportOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { month = new Date().toISOString().slice(0, 7), out, force } = own;
      const report = createReport(options, { account, month });
      if (options.json === true) {
        const rows: LedgerReportRow[] = [];
        for await (const row of report.rows) rows.push(row);
        const value = { ...report.sums(), rows };
        if (out === undefined) return answer(options, value, () => "");
        const text = piecesOf([`${JSON.stringify(value, null, 2)}\n`]);
        await writeWholeFile(out, { force: force === true, text });
        return answer(options, { file: out, ...report.sums() }, () => "");
      }
      if (out === undefined) {
        for await (const piece of csvOf(report.rows)) process.stdout.write(piece);
        return suggest(told(report.sums()));
      }
      await writeWholeFile(out, { force: force === true, text: csvOf(report.rows) });
      answer(options, report.sums(), (sums) => `${out}: ${told(sums)}`);
    });
}

function told(sums: LedgerReportSums): string {
  const { account, month, messages, committed, refunded, held, balance } = sums;
  return `${account} in ${month}: ${count(messages, "message")}, ${committed} committed, ${refunded} refunded, ${held} held, balance ${balance}.`;
}

async function* csvOf(rows: AsyncIterable<LedgerReportRow>): AsyncGenerator<string> {
  // With the first row, so that what is refused leaves nothing at all.
  let head = `${COLUMNS.map(([name]) => name).join(",")}\n`;
  for await (const row of rows) {
    yield `${head}${COLUMNS.map(([, of]) => field(of(row))).join(",")}\n`;
    head = "";
  }
  yield head;
}

/** RFC 4180; and a note that begins like a formula is none for a spreadsheet. */
function field(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  const isFormula = /^[=+@\t\r]|^-(?!\d+(?:\.\d+)?$)/.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function* piecesOf(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces;
}

/** The rows as they come, to be read once; the sums are there when they have been. */
function createReport(
  options: GlobalOptions,
  body: { readonly account: string; readonly month: string },
): { readonly rows: AsyncIterable<LedgerReportRow>; sums(): LedgerReportSums } {
  let sums: LedgerReportSums | undefined;
  return {
    rows: read(),
    sums() {
      if (sums !== undefined) return sums;
      throw new GatewayError("internal", "the report was broken off; run the same command again");
    },
  };

  async function* read(): AsyncGenerator<LedgerReportRow> {
    const call = { method: "POST", path: "/v1/ledger/reports", body } as const;
    const chunks = await askForFlow(options, call);
    const progress = createProgress(options, { label: "Reading", unit: "hours" });
    try {
      for await (const line of linesOf(chunks)) {
        const step = stepShape.safeParse(line);
        if (step.success) {
          progress.at(step.data.done, step.data.total);
          yield* step.data.rows;
          continue;
        }
        const end = endShape.safeParse(line);
        if (end.success) sums = end.data.reported;
        const refused = refusalIn(line);
        if (refused !== undefined) throw refused;
      }
    } finally {
      progress.end();
    }
    if (sums === undefined)
      throw new GatewayError("internal", "the report was broken off; run the same command again");
  }
}
