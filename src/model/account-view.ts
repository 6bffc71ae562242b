import type { AccountOptions } from "./account-options.ts";
import type { ApiKey } from "./api-key.ts";

/** What the admin API shows of accounts and the CLI prints; times are milliseconds since 1970 UTC. */

export interface AccountView {
  readonly id: string;
  readonly credits: number;
  /** How its password is kept: a scheme, `file`, or `none` where it was taken out of that. Never the hash. */
  readonly passwordScheme: string;
  readonly numbers: readonly string[];
}

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

/** One account by itself. */
export interface AccountDetail extends AccountView {
  readonly options: AccountOptions;
}

/** A key of a customer for the HTTP channel. */
export type ApiKeyView = Omit<ApiKey, "sha256">;

/** The only time that the key itself is told. */
export interface NewApiKeyView extends ApiKeyView {
  readonly key: string;
}
