import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import type { LedgerEntryView } from "../src/model/ledger-view.ts";
import { wholeNumber } from "./argument.ts";
import { ask, askForFlow, refusalIn, segment } from "./gateway.ts";
import { addLedgerReport } from "./ledger-report.ts";
import { linesOf } from "./lines.ts";
import { answer, count, table } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { visible } from "./visible.ts";

const entriesMost = 10_000;

const entriesUsual = 50;

const entryShape: z.ZodType<LedgerEntryView> = z.object({
  atMs: z.number(),
  untilMs: z.number().nullable(),
  kind: z.enum(["opening", "topup", "correction", "hold", "commit", "refund"]),
  credits: z.number(),
  messages: z.number(),
  by: z.string().nullable(),
  note: z.string().nullable(),
});

const stepShape = z.object({ done: z.number(), total: z.number() });

const checkedShape = z.object({
  checked: z.object({
    accounts: z.number(),
    entries: z.number(),
    balance: z.string(),
    held: z.string(),
    committed: z.string(),
    faults: z.array(z.string()),
  }),
});

type Checked = z.infer<typeof checkedShape>["checked"];

/** `signalbox ledger …` */
export function addLedger(program: Command): void {
  const ledger = program
    .command("ledger")
    .description("what accounts paid in, hold and have spent");

  ledger
    .command("list")
    .description("show the entries of an account, the newest first")
    .argument("<account>")
    .option("--limit <number>", "how many", wholeNumber(1, entriesMost), entriesUsual)
    .action(async (id: string, own: { readonly limit: number }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/accounts/${segment(id)}/ledger?limit=${own.limit}`;
      const shape = z.array(entryShape);
      answer(options, await ask(options, { method: "GET", path, shape }), listed, next);
    });

  addLedgerReport(ledger);

  ledger
    .command("check")
    .description("prove that the entries, the balances and what messages hold add up")
    .argument("[account]", "only this one")
    .action(async (id: string | undefined, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const checked = await check(options, id);
      const [first] = checked.faults;
      if (first !== undefined)
        throw new GatewayError(
          "ledger_wrong",
          `${count(checked.faults.length, "account")} of ${checked.accounts} do not add up. ${checked.faults.join("; ")}.`,
        );
      answer(options, checked, told);
    });
}

const next = "Prove the sums: signalbox ledger check";

function listed(entries: readonly LedgerEntryView[]): string {
  if (entries.length === 0) return "No entries.";
  const heads = ["when", "what", "credits", "messages", "by", "note"];
  return table(
    heads,
    entries.map((one) => [
      when(one),
      one.kind,
      one.credits,
      one.messages,
      visible(one.by ?? ""),
      visible(one.note ?? ""),
    ]),
  );
}

/** A month's entry begins with its month. */
function when({ atMs, untilMs }: LedgerEntryView): string {
  const at = new Date(atMs).toISOString();
  return untilMs === null ? at.slice(0, 19).replace("T", " ") : `month ${at.slice(0, 7)}`;
}

function told({ accounts, entries, balance, held, committed }: Checked): string {
  const all = `${count(accounts, "account")} and ${count(entries, "entry", "entries")} add up`;
  return `${all}: balance ${balance}, held ${held}, committed ${committed}.`;
}

async function check(options: GlobalOptions, account: string | undefined): Promise<Checked> {
  const body = account === undefined ? {} : { account };
  const call = { method: "POST", path: "/v1/ledger/checks", body } as const;
  const chunks = await askForFlow(options, call);
  const progress = createProgress(options, { label: "Checking", unit: "blocks" });
  try {
    for await (const line of linesOf(chunks)) {
      const step = stepShape.safeParse(line);
      if (step.success) progress.at(step.data.done, step.data.total);
      const end = checkedShape.safeParse(line);
      if (end.success) return end.data.checked;
      const refused = refusalIn(line);
      if (refused !== undefined) throw refused;
    }
  } finally {
    progress.end();
  }
  throw new GatewayError("internal", "the check was broken off; run the same command again");
}
