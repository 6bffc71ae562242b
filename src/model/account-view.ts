import type { AccountOptions } from "./account-options.ts";
import type { AccountView } from "./view.ts";

/** One account among others. */
export interface AccountListed extends AccountView {
  readonly access: AccountOptions["access"];
  /** Sessions of his that are bound now. */
  readonly sessions: number;
  /** Of the present month (UTC), in credits; left out where it was not asked for. */
  readonly usage?: AccountUsage | undefined;
}

/** What messages of an account took; what is neither committed nor refunded of it is held now. */
export interface AccountUsage {
  /** For which something was charged. */
  readonly messages: number;
  readonly charged: number;
  readonly committed: number;
  readonly refunded: number;
}
