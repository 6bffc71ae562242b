import { amountText } from "../model/amount.ts";
import {
  type NumberTableChange,
  type NumberTableEntry,
  type NumberTableFacts,
  ofNetwork,
} from "../model/number-table.ts";
import { selectorOf, stretchText } from "./stretch.ts";
import { COLUMNS, type Column } from "./table-csv.ts";

/** A table as CSV that can be imported again; sorted by number, and in one form whatever it came in. */
export async function* csvLines(
  entries: AsyncIterable<readonly NumberTableEntry[]>,
): AsyncGenerator<string> {
  yield `${COLUMNS.join(",")}\n`;
  for await (const batch of entries) yield batch.map(csvLine).join("");
}

function csvLine(entry: NumberTableEntry): string {
  const { network, provider, price, quality, weight, validFromS, blocked } = entry;
  const cells: Partial<Record<Column, string | number>> = {
    ...(entry.low === ofNetwork ? {} : selectorOf(entry)),
    network,
    provider,
    price: price === undefined ? "" : amountText(BigInt(price)),
    quality: quality ?? "",
    weight: weight === 1 ? "" : weight,
    valid_from: validFromS === 0 ? "" : timeText(validFromS),
    blocked: blocked ? "yes" : "",
  };
  return `${COLUMNS.map((column) => cells[column] ?? "").join(",")}\n`;
}

/** `316… SMPP1: 0.01 -> 0.02, weight 1 -> 2`, `317… SMPP1: added, 0.01`. */
export function changeText(change: NumberTableChange): string {
  const { before, after, network, provider, validFromS } = change;
  const place = change.low === ofNetwork ? `network ${network}` : stretchText(change);
  const target = provider === "" ? (change.low === ofNetwork ? "" : network) : provider;
  const from = validFromS === 0 ? "" : `from ${timeText(validFromS)}`;
  const head = [place, target, from].filter((one) => one !== "").join(" ");
  if (before === null) return `${head}: added${after === null ? "" : factsText(after)}`;
  if (after === null) return `${head}: removed${factsText(before)}`;
  const changes = [
    pair("", priceText(before), priceText(after)),
    pair("quality ", before.quality ?? "none", after.quality ?? "none"),
    pair("weight ", before.weight, after.weight),
    pair("blocked ", before.blocked ? "yes" : "no", after.blocked ? "yes" : "no"),
  ];
  return `${head}: ${changes.filter((one) => one !== "").join(", ")}`;
}

function pair(what: string, before: string | number, after: string | number): string {
  return before === after ? "" : `${what}${before} -> ${after}`;
}

function factsText(facts: NumberTableFacts): string {
  if (facts.blocked) return ", blocked";
  return facts.price === null ? "" : `, ${priceText(facts)}`;
}

function priceText({ price }: NumberTableFacts): string {
  return price === null ? "no price" : amountText(BigInt(price));
}

function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
}
