import type { AccountEvent } from "../../model/event.ts";
import type { Account, Decided } from "../sdk-events.ts";
import { decidedBefore, type Run } from "./run.ts";

/** What happened to an account, as it crosses into an isolate. */
export type AccountTuple = readonly [
  id: string,
  account: string,
  what: AccountEvent["what"],
  credits: number,
  lowAt: number,
];

export function accountTuple(event: AccountEvent): AccountTuple {
  const { id, account, what, credits, lowAt } = event;
  return [id, account, what, credits, lowAt];
}

export function accountFrom(tuple: AccountTuple, run: Run): Account {
  const [id, account, what, credits, lowAt] = tuple;
  return {
    id,
    account,
    what,
    credits,
    lowAt,
    get decided(): readonly Decided[] {
      return decidedBefore(run);
    },
  };
}
