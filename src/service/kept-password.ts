import { GatewayError } from "../model/error.ts";
import { type KeptPassword, keptFault, schemeFrom } from "../model/kept-password.ts";
import type { DataRow } from "../store/data-source.ts";

/**
 * The first column of the first row, which is what is kept of a password; undefined where there is no
 * row, or nothing in it. Rejects with `data_source_failed` when it is nothing of that scheme, without
 * telling what it is.
 */
export function keptIn(row: DataRow | undefined, asked: unknown): KeptPassword | undefined {
  const scheme = schemeFrom(asked);
  const [hash] = Object.values(row ?? {});
  if (hash === undefined || hash === null) return undefined;
  // A column of a fixed width has blanks behind a hash; in a password they may be meant.
  const text = typeof hash === "string" && scheme !== "plain" ? hash.trimEnd() : hash;
  const kept = typeof text === "string" ? { scheme, hash: text } : undefined;
  const fault = kept === undefined ? `is no text` : keptFault(kept);
  if (kept === undefined || fault !== undefined)
    throw new GatewayError("data_source_failed", `the first column ${fault}`);
  return kept;
}
