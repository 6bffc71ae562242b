import { type Command, Option } from "commander";
import { CODINGS, type Coding } from "../src/sms/coding.ts";
import { type Forcing, type Measurement, measure } from "../src/sms/measure.ts";
import { LANGUAGES, type Language } from "../src/sms/national.ts";
import { answer, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

interface MeasureOptions {
  readonly prefer: readonly Coding[];
  readonly language?: readonly Language[];
  readonly split: "udh8" | "udh16" | "sar";
  readonly transliterate?: true;
}

/** What is told: how the text goes, and how it would go with plain signs where that is better. */
interface Measured extends Measurement {
  readonly text: string;
  /** undefined when it would change nothing for the better, or was asked for anyway. */
  readonly transliterated: Measurement | undefined;
}

/** `signalbox sms ...` */
export function addSms(program: Command): void {
  const sms = program.command("sms").description("tell about texts");
  sms
    .command("measure")
    .description("tell how a text will be written, in how many parts, and what forces Unicode")
    .argument("<text>", "the text, in quotes")
    .addOption(
      new Option("--prefer <coding...>", "what is tried before Unicode, in this order")
        .choices(CODINGS)
        .default(["gsm7"]),
    )
    .addOption(
      new Option("--language <name...>", "national tables that may be used").choices(LANGUAGES),
    )
    .addOption(
      new Option("--split <how>", "how parts are joined")
        .choices(["udh8", "udh16", "sar"])
        .default("udh8"),
    )
    .option("--transliterate", "with plain signs for typographic ones, as a channel may be set to")
    .action((text: string, own: MeasureOptions, command: Command) => {
      answer(command.optsWithGlobals<GlobalOptions>(), measured(text, own), words);
    });
}

function measured(text: string, own: MeasureOptions): Measured {
  const wishes = { prefer: own.prefer, languages: own.language ?? [], split: own.split };
  const asIs = measure(text, { ...wishes, transliterate: own.transliterate === true });
  const other = own.transliterate ? asIs : measure(text, { ...wishes, transliterate: true });
  const isBetter = other.parts < asIs.parts || other.coding !== asIs.coding;
  return { text, ...asIs, transliterated: isBetter ? other : undefined };
}

const UNITS = { septets: "septets", octets: "octets", utf16: "UTF-16 units" } as const;

function words(told: Measured): string {
  const lines = [
    `encoding  ${NAMES[told.coding]}, data_coding 0x${told.dataCoding.toString(16).padStart(2, "0")}`,
  ];
  const { locking, single } = told.shifts;
  if (locking !== undefined) lines.push(`tables    ${locking} (locking shift)`);
  if (single !== undefined) lines.push(`tables    ${single} (single shift)`);
  const each = told.used.length > 1 ? ` (${told.used.join(" + ")})` : "";
  const sum = told.used.reduce((all, one) => all + one, 0);
  lines.push(
    `parts     ${told.parts}, of ${told.room} ${UNITS[told.unit]} each`,
    `length    ${sum} ${UNITS[told.unit]}${each}, ${told.left} left in the last part`,
  );
  if (told.forcing.length > 0)
    lines.push("", `These force Unicode:`, table(["character", "code", "at"], rows(told.forcing)));
  const other = told.transliterated;
  if (other !== undefined)
    lines.push("", `With --transliterate: ${NAMES[other.coding]}, ${counted(other.parts)}.`);
  return lines.join("\n");
}

const NAMES: Readonly<Record<Coding, string>> = {
  gsm7: "GSM 7-bit",
  "gsm7-packed": "GSM 7-bit, packed",
  ascii: "ASCII",
  latin1: "Latin-1",
  cyrillic: "Cyrillic (ISO 8859-5)",
  hebrew: "Hebrew (ISO 8859-8)",
  utf8: "UTF-8",
  ucs2: "Unicode (UCS-2)",
};

function rows(forcing: readonly Forcing[]): (readonly string[])[] {
  return forcing.map(({ character, codePoint, positions, times }) => {
    const places = positions.map((position) => String(position + 1)).join(", ");
    const more = times - positions.length;
    return [shown(character), codePoint, more > 0 ? `${places} and ${more} more` : places];
  });
}

/** Blanks, marks and what takes no room would be seen as nothing or upset the column. */
function shown(character: string): string {
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) ? character : "-";
}

function counted(parts: number): string {
  return parts === 1 ? "1 part" : `${parts} parts`;
}
