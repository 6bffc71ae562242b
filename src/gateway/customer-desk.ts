import type { CustomerDesk } from "../channel/customer-desk.ts";
import type { Store } from "../store/store.ts";

/** Answers what channels ask about customers; each is told of nothing but his own. */
export function createCustomerDesk(parts: { readonly store: Store }): CustomerDesk {
  const { store } = parts;
  return {
    keyOf: (id) => store.apiKeys.find(id),
  };
}
