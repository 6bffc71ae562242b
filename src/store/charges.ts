import { type Amount, amountText } from "../model/amount.ts";
import { arrayText, quoted } from "./array-text.ts";
import type { Charge } from "./operation.ts";

/** The charges of a flush: what each account has to pay in all, and each acceptance's price. */
export function createCharges(): {
  put(acceptance: number, charge: Charge, final: boolean): void;
  values(): string[];
} {
  const sums = new Map<string, Amount>();
  const charges: (Charge & { acceptance: number; isFinal: boolean })[] = [];
  return {
    put(acceptance, charge, isFinal) {
      const { account, amount } = charge;
      sums.set(account, (sums.get(account) ?? 0n) + amount);
      charges.push({ ...charge, acceptance, isFinal });
    },
    values() {
      const accounts = [...sums.keys()].sort();
      const numberOf = new Map(accounts.map((account, n) => [account, n + 1]));
      return [
        arrayText(accounts.map(quoted)),
        arrayText(accounts.map((account) => amountText(sums.get(account) ?? 0n))),
        arrayText(charges.map((charge) => charge.acceptance)),
        arrayText(charges.map((charge) => numberOf.get(charge.account) ?? 0)),
        arrayText(charges.map((charge) => amountText(charge.amount))),
        arrayText(charges.map((charge) => charge.isFinal)),
      ];
    },
  };
}

/** What is taken for what has one outcome; final: it stays, whatever that is. */
export interface Held {
  readonly payer: string;
  readonly amount: Amount;
  readonly final: boolean;
}

/** Payer, charge and what is kept of it, as a state has them. */
export function heldColumns(held: Held | undefined): readonly [string, string, string] {
  if (held === undefined) return unheld;
  const charge = amountText(held.amount);
  return [quoted(held.payer), charge, held.final ? charge : "NULL"];
}

const unheld = ["NULL", "NULL", "NULL"] as const;
