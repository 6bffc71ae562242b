import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ConfigFault, load } from "../config/load.ts";
import { z } from "../config/schema.ts";
import { receiptStates } from "../smpp/receipt-state.ts";
import { idForms } from "./ids.ts";
import { receiptForms } from "./receipt-forms.ts";

/**
 * How a provider behaves badly, as a YAML file: `signalbox simulate smsc --profile <name or file>`, and
 * in tests `startSmsc({ …, rules: profileRules(shippedProfile("late-hex-duplicates")) })`. Shares are
 * percentages of the messages; what is left out does not happen.
 */
export type Profile = z.infer<typeof profileSchema>;

const share = z.number().min(0).max(100).default(0);

const hourMs = 3_600_000;
const milliseconds = z.int().min(0).max(hourMs);

/** Always the same, evenly between two, or about a mean with few that take far longer. */
const delay = z.union([
  milliseconds,
  z.strictObject({ from: milliseconds, to: milliseconds }),
  z.strictObject({ mean: milliseconds, most: milliseconds }),
]);

export type Delay = z.infer<typeof delay>;

const outcomes = [...receiptStates, "none", "refused"] as const;

export const profileSchema = z.strictObject({
  description: z.string().max(200).default("").describe("What kind of provider it is."),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe("Of all that is drawn; the same seed and messages give the same run."),
  outcomes: z
    .partialRecord(z.enum(outcomes), z.number().min(0).max(100))
    .default({})
    .refine((shares) => Object.values(shares).reduce((sum, one) => sum + (one ?? 0), 0) <= 100, {
      error: "must be 100 at most together",
    })
    .describe("What happens to so many; `none` is never reported, the rest is delivered."),
  errors: z
    .array(z.string().regex(/^\w{1,10}$/))
    .max(100)
    .default([])
    .describe("`err:` of failures, one of them; `006` without any."),
  answerDelayMs: delay.default(0).describe("Before a message is answered."),
  reportDelayMs: delay.default(500).describe("Between answer and report."),
  early: share.describe("Reports that come before the answer."),
  duplicate: share.describe("Reports that come twice."),
  duplicateDelayMs: delay.default(1_000).describe("Between answer and second report."),
  lost: share.describe("Reports that never come."),
  intermediate: share.describe("Messages of which ENROUTE is told besides."),
  intermediateFlag: z
    .enum(["receipt", "intermediate"])
    .default("receipt")
    .describe("Told to all as a receipt, or as a notification to who asks for those."),
  outOfOrder: share.describe("Of those, so many of which ENROUTE is told last."),
  flagless: share.describe("Reports without the flag of a receipt."),
  otherBind: share.describe("Reports over another bind than the message came by."),
  forms: z
    .array(z.enum(receiptForms))
    .min(1)
    .max(receiptForms.length)
    .default(["standard"])
    .describe("How receipts are written, one of them each time."),
  ids: z
    .strictObject({
      answer: z.enum(idForms).default("decimal").describe("In the answer."),
      report: z.enum(idForms).optional().describe("In the report; as in the answer."),
      first: z
        .int()
        .min(0)
        .max(2 ** 53 - 1)
        .optional()
        .describe("The first id; made of the time, so that a second run has others."),
      reusedAfter: z.int().min(1).optional().describe("So many ids, then the first comes again."),
    })
    .prefault({})
    .describe("How ids are written."),
});

/** A name without `.` and `/` is a shipped one; all else is a file. Tells all faults with their place. */
export function readProfile(
  nameOrFile: string,
): { readonly profile: Profile } | { readonly faults: readonly ConfigFault[] } {
  const shipped = shippedName.test(nameOrFile);
  if (shipped && !shippedProfiles().includes(nameOrFile)) {
    const text = `is no profile; shipped are ${shippedProfiles().join(", ")}; name a file as ./${nameOrFile}.yaml`;
    return { faults: [{ file: nameOrFile, line: 0, column: 0, path: "", text }] };
  }
  const path = shipped ? join(folder, `${nameOrFile}.yaml`) : nameOrFile;
  const result = load({ path, schema: profileSchema, env: {} });
  return "faults" in result ? result : { profile: result.settings };
}

/** The names of the profiles that are shipped, in order. */
export function shippedProfiles(): readonly string[] {
  return readdirSync(folder)
    .flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** One of the shipped ones, with some of it otherwise. Throws for a name that is none of them. */
export function shippedProfile(name: string, changes: Partial<Profile> = {}): Profile {
  const read = readProfile(name);
  if ("faults" in read) throw new RangeError(read.faults[0]?.text);
  return { ...read.profile, ...changes };
}

const folder = join(import.meta.dirname, "profiles");

const shippedName = /^[a-z][a-z0-9-]*$/;
