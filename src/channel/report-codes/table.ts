import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { type ConfigFault, load } from "../../config/load.ts";
import { z } from "../../config/schema.ts";
import { deliveryError, deliveryErrorCodes } from "../../model/delivery-error.ts";

/** Of one provider: its codes, and what each means by our catalogue (`model/delivery-error.ts`). */
export interface CodeTable {
  /** `asReceived`: the customer sees the provider's own `err:`, and only the meaning is taken over. */
  readonly err: "asReceived" | "catalogue";
  /** By `err:`, in the form of `codeKey`. */
  readonly errors: ReadonlyMap<string, number>;
  /** By type and code of network_error_code, as `3:27`. */
  readonly networkErrors: ReadonlyMap<string, number>;
  /** Of a failure that the table does not know; undefined leaves it as it came. */
  readonly otherwise: number | undefined;
  /** `err:` for the customer by our code, where it is not its three digits. */
  readonly customer: ReadonlyMap<number, string>;
}

const code = z
  .int()
  .refine((number) => deliveryError(number) !== undefined, {
    error: `must be a code of our catalogue: ${deliveryErrorCodes.join(", ")}`,
  })
  .describe("A code of our catalogue.");

const codeTableSchema = z.strictObject({
  description: z.string().max(200).default("").describe("Whose codes these are."),
  err: z
    .enum(["asReceived", "catalogue"])
    .default("catalogue")
    .describe("What the customer sees as err: what the provider wrote, or our code."),
  errors: z
    .record(z.string().regex(/^\w{1,32}$/, "must have letters, digits and _, at most 32"), code)
    .default({})
    .describe("By err of the receipt; case and leading zeros do not count."),
  networkErrors: z
    .record(
      z.string().regex(/^[1-8]$/, "must be a type of network_error_code, 1 to 8"),
      z.record(z.string().regex(/^\d{1,5}$/, "must be a number up to 65535"), code),
    )
    .default({})
    .describe("By type of network_error_code, then by its code."),
  otherwise: code.optional(),
  customer: z
    .record(
      z
        .string()
        .refine((text) => deliveryError(Number(text)) !== undefined, "must be a code of ours"),
      z.string().regex(/^[0-9A-Za-z]{1,3}$/, "must have 1 to 3 digits or letters; quote it"),
    )
    .default({})
    .describe("err that the customer sees by our code, where it is not its three digits."),
});

/** A name without `.` and `/` is one of ours; all else is a file. */
const shippedName = /^[a-z][a-z0-9-]*$/;

/**
 * Reads the table that `reports.codes` of a channel names; `base` is what a file's path is relative
 * to. Called once per channel at the start and by `config check`; tells faults with their place.
 */
export function readCodeTable(
  codes: string,
  base: string,
): CodeTable | { readonly faults: readonly ConfigFault[] } {
  const path = shippedName.test(codes) ? shippedPath(codes) : resolve(base, codes);
  if (path === undefined) {
    const text = `is no table of codes; shipped are ${shippedTables().join(", ")}; name a file as ./${codes}.yaml`;
    return { faults: [{ file: codes, line: 0, column: 0, path: "", text }] };
  }
  const result = load({ path, schema: codeTableSchema, env: {} });
  // A file that is not there is told with advice about the file of the settings.
  if ("faults" in result)
    return {
      faults: result.faults.map((fault) => ({
        ...fault,
        text: fault.text.replace("; name another file with --config", `: ${codes}`),
      })),
    };
  const { err, errors, networkErrors, otherwise, customer } = result.settings;
  return {
    err,
    errors: new Map(Object.entries(errors).map(([key, ours]) => [codeKey(key), ours])),
    networkErrors: new Map(
      Object.entries(networkErrors).flatMap(([type, ofType]) =>
        Object.entries(ofType).map(([key, ours]) => [`${type}:${Number(key)}`, ours] as const),
      ),
    ),
    otherwise,
    customer: new Map(Object.entries(customer).map(([ours, text]) => [Number(ours), text])),
  };
}

/** One `err:` has many forms: `001`, `1`, `aBsent`. */
export function codeKey(err: string): string {
  return err.toLowerCase().replace(/^0+(?=.)/, "");
}

/** The names of the tables that are shipped, in order. */
export function shippedTables(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

function shippedPath(name: string): string | undefined {
  return shippedTables().includes(name) ? resolve(import.meta.dirname, `${name}.yaml`) : undefined;
}
