import type { CustomerDesk } from "../channel/customer-desk.ts";
import type { Callbacks } from "../model/webhook.ts";
import type { Store } from "../store/store.ts";
import type { OwnChanges } from "./own-changes.ts";
import type { Rates } from "./rates.ts";

/** Answers what channels ask about customers; each is told of nothing but his own. */
export function createCustomerDesk(parts: {
  readonly store: Store;
  readonly rehearse: CustomerDesk["rehearse"];
  readonly changes: Pick<OwnChanges, "follow">;
  readonly callbacks: Callbacks;
  readonly rates: Pick<Rates, "standing">;
}): CustomerDesk {
  const { accounts, apiKeys, customerMessages, httpBatches, idempotency } = parts.store;
  return {
    keyOf: (id) => apiKeys.find(id),
    credits: async (account) => (await accounts.get(account))?.credits,
    ...customerMessages,
    rehearse: parts.rehearse,
    batches: httpBatches,
    idempotency,
    callbacks: parts.callbacks,
    rates: parts.rates.standing,
    follow: (account, take) => parts.changes.follow(account, take),
  };
}
