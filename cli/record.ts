import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { z } from "../src/config/schema.ts";
import {
  type RecordFormat,
  type RecordView,
  recordColumns,
  recordFile,
  recordFormats,
  recordHead,
} from "../src/model/record.ts";
import { day } from "./argument.ts";
import { ask, askForFlow, segment } from "./gateway.ts";
import { Refused } from "./failure.ts";
import { answer, count, pairs, size } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { signalled } from "./signalled.ts";

const text = z.string().nullable();

const recordShape: z.ZodType<RecordView> = z.object({
  root: z.string(),
  message: z.string(),
  short_id: text,
  provider_id: text,
  account: text,
  channel_in: z.string(),
  channel_out: text,
  provider_address: text,
  from_address: z.string(),
  to_address: z.string(),
  sent_from: text,
  sent_to: text,
  received_at: z.string(),
  tried_at: text,
  status_at: z.string(),
  try: z.number().nullable(),
  part: z.number(),
  parts: z.number(),
  status: z.string(),
  try_status: text,
  peer_error: text,
  error: text,
  told_state: text,
  told_error: text,
  payer: text,
  charge: text,
  kept: text,
  triggers: text,
  routes: text,
  maybe_twice: z.boolean(),
});

const estimateShape = z.object({ day: z.string(), messagesEstimated: z.number() });

interface ExportOptions {
  readonly day: string;
  readonly format: RecordFormat;
  readonly to: string;
}

/** `signalbox record …` */
export function addRecord(program: Command): void {
  const record = program
    .command("record")
    .description("records for billing: one for each message and each try of it");

  record
    .command("show")
    .description("show the records of a message: channels, ids, times, parts, price and errors")
    .argument("<id>", "our id, a customer's short one, a provider's id, or a phone number")
    .action(async (key: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/records/${segment(key)}`;
      const found = await ask(options, { method: "GET", path, shape: z.array(recordShape) });
      const words = (all: readonly RecordView[]) => all.map(shown).join("\n\n");
      answer(options, found, words, `What happened: signalbox trace ${found[0]?.root ?? key}`);
    });

  record
    .command("export")
    .description("write the records of a day into a file, with its SHA-256 beside it")
    .requiredOption("--day <day>", "in UTC, such as 2026-11-20", day)
    .addOption(new Option("--format <format>").choices(recordFormats).default("csv"))
    .option("--to <folder>", "it is there whole or not at all, in place of one before", ".")
    .action(async (own: ExportOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const file = resolve(own.to, recordFile(own.day, own.format));
      const made = await write(options, own, file);
      const words = (one: typeof made) =>
        `${one.file} has ${count(one.records, "record")}, ${size(one.octets)}. SHA-256 ${one.sha256}`;
      answer(options, made, words, `Is it still whole? cd ${own.to}; sha256sum --check *.sha256`);
    });
}

/** A signal ends it at its next piece: what is not whole is removed. */
async function write(options: GlobalOptions, { day: of, format }: ExportOptions, file: string) {
  const { writeRecords } = await import("../src/store/record-file.ts");
  const path = `/v1/record-days/${of}`;
  const { messagesEstimated } = await ask(options, { method: "GET", path, shape: estimateShape });
  const body = { day: of, format };
  const chunks = await askForFlow(options, { method: "POST", path: "/v1/record-exports", body });
  const bar = createProgress(options, { label: "Writing", unit: "records" });
  let interrupted = false;
  void signalled().then(() => (interrupted = true));
  try {
    return await writeRecords(chunks, {
      file,
      headLines: recordHead(format) === "" ? 0 : 1,
      progress(records) {
        if (interrupted) throw new Refused("it was interrupted", "Nothing was changed.");
        // The database's estimate, which a bar must not go beyond.
        bar.at(records, Math.max(records, messagesEstimated));
      },
    });
  } finally {
    bar.end();
  }
}

/** Only what it has. */
function shown(record: RecordView): string {
  return pairs(
    recordColumns.flatMap((column) => {
      const value = record[column];
      return value === null ? [] : [[column, String(value)] as const];
    }),
  );
}
