import { recordFormats } from "../model/record.ts";
import { z } from "./schema.ts";

/** `records`: the files that are written each day by themselves. */
export const recordSettings = z.strictObject({
  directory: z
    .string()
    .min(1)
    .describe("Folder for the files, relative to this file; made if it is not there."),
  format: z
    .enum(recordFormats)
    .default("csv")
    .describe("CSV with a head line (RFC 4180), or JSON Lines."),
  keepDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(90)
    .meta({ unit: "days" })
    .describe("Files of older days are removed."),
  afterHours: z
    .int()
    .min(0)
    .max(168)
    .default(6)
    .meta({ unit: "hours" })
    .describe("How long a day (UTC) must be over, so that its reports are in it."),
});
