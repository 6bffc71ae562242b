import type { BindEvent } from "../model/event.ts";
import type { TraceLine } from "../model/message.ts";
import type { Store } from "../store/store.ts";
import type { HostFunctions } from "../trigger/engine.ts";

/** What scripts may ask of our accounts. */
export function createAccountCalls(
  accounts: Store["accounts"],
  note: (event: BindEvent, facts: TraceLine["facts"]) => void,
): HostFunctions {
  return {
    "accounts.verify": async (_args, request) => {
      if (request.kind !== "bind") return { ok: false, reason: "bind_refused" };
      const { event } = request;
      const found = await accounts.verify(event.systemId, event.password);
      const result = found.ok ? "matched" : found.reason;
      note(event, { call: "accounts.verify", result });
      return found;
    },
    "accounts.byNumber": async ([number]) =>
      typeof number === "string" ? accounts.byNumber(number) : undefined,
  };
}
