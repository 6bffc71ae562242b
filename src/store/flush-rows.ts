import { arrayText, quoted } from "./array-text.ts";

/** Columns of rows to insert, each an array parameter. */
export function createTable(columns: number): {
  readonly size: number;
  put(row: readonly (string | number)[]): void;
  values(): string[];
} {
  // Texts that grow are cheaper than lists that are joined: the engine joins them once, when sent.
  const texts = Array.from({ length: columns }, () => "");
  let size = 0;
  return {
    get size() {
      return size;
    },
    put(row) {
      for (let n = 0; n < columns; n += 1)
        texts[n] = size === 0 ? `{${row[n]}` : `${texts[n]},${row[n]}`;
      size += 1;
    },
    values: () => texts.map((text) => `${text}}`),
  };
}

/** The charges of a flush: what each account has to pay in all, and each acceptance's price. */
export function createCharges(): {
  put(acceptance: number, account: string, credits: number): void;
  values(): string[];
} {
  const sums = new Map<string, number>();
  const charges: { acceptance: number; account: string; credits: number }[] = [];
  return {
    put(acceptance, account, credits) {
      sums.set(account, (sums.get(account) ?? 0) + credits);
      charges.push({ acceptance, account, credits });
    },
    values() {
      const accounts = [...sums.keys()].sort();
      const numberOf = new Map(accounts.map((account, n) => [account, n + 1]));
      return [
        arrayText(accounts.map(quoted)),
        arrayText(accounts.map((account) => sums.get(account) ?? 0)),
        arrayText(charges.map((charge) => charge.acceptance)),
        arrayText(charges.map((charge) => numberOf.get(charge.account) ?? 0)),
        arrayText(charges.map((charge) => charge.credits)),
      ];
    },
  };
}
