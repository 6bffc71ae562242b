import { z } from "../config/schema.ts";
import { ID_BASES } from "../model/provider-id.ts";
import { isTimeZone } from "../smpp/receipt-time.ts";

const hourMs = 3_600_000;

/** A report looks for its message among those of the last four days, so none may be awaited longer. */
const waitMostMs = 95 * hourMs;

const finality = (preset: "final" | "intermediate", words: string) =>
  z.enum(["final", "intermediate"]).default(preset).describe(words);

/** What is asked about the reports of any provider, whatever he speaks. */
export const anyReportSettings = {
  waitMs: z
    .int()
    .min(100)
    .max(waitMostMs)
    .default(72 * hourMs)
    .meta({ unit: "ms" })
    .describe("How long a report is waited for; then the message is NOREPORT."),
  codes: z
    .string()
    .min(1)
    .default("standard")
    .describe(
      "What the provider's error codes mean: a table that is shipped, by its name, or a YAML file, relative to this one.",
    ),
};

/** How a provider's delivery reports are read: under `reports` of a channel to a provider. */
export const reportSettings = z
  .strictObject({
    ...anyReportSettings,
    flagless: z
      .boolean()
      .default(false)
      .describe(
        "true: a message without the flag of a receipt is one if its text has the whole form of a receipt, or its TLVs.",
      ),
    idFrom: z
      .enum(["tlv", "text", "tlvOnly", "textOnly"])
      .default("tlv")
      .describe(
        "Which id names the message: that of the TLV, else of the text; the other way round; or only one of them.",
      ),
    idBase: z
      .enum(["auto", ...ID_BASES])
      .default("auto")
      .describe(
        "How the provider writes ids in its reports: as in its answers, or converted. `auto` learns it from the first reports; what is set here is believed, and nothing else is tried.",
      ),
    timeZone: z
      .string()
      .refine(isTimeZone, "is no time zone; write one as Europe/Berlin, UTC or +02:00")
      .default("UTC")
      .describe("The time zone that the dates of the receipts are of."),
    unknownIs: finality(
      "final",
      "UNKNOWN, or a word that nobody knows: NOREPORT, or another receipt is waited for.",
    ),
    acceptedIs: finality(
      "intermediate",
      "ACCEPTD: `final` is DELIVERED, as the specification means it; else another receipt is waited for.",
    ),
    enrouteIs: finality(
      "intermediate",
      "ENROUTE and its like: `final` is DELIVERED, for a provider that tells no more; else another receipt is waited for.",
    ),
  })
  .prefault({})
  .describe("How the provider's delivery reports are read.");

export type ReportSettings = z.infer<typeof reportSettings>;
