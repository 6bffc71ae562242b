import type { Ruling } from "../model/decision.ts";
import { GatewayError } from "../model/error.ts";
import type { BindEvent } from "../model/event.ts";
import type { TraceLine } from "../model/message.ts";
import type { Store } from "../store/store.ts";
import type { Engine } from "../trigger/engine.ts";

/**
 * An engine that has binds decided by the accounts of the configuration file where no trigger is there
 * for them. Where the file names no account, nothing is different.
 */
export function withFileAccounts(parts: {
  readonly engine: Engine;
  readonly accounts: Pick<Store["accounts"], "verifyInFile">;
  readonly note: (event: BindEvent, facts: TraceLine["facts"]) => void;
}): Engine {
  const { engine, accounts, note } = parts;
  return {
    ...engine,
    async decide(request) {
      const ruling = await engine.decide(request);
      if (request.kind !== "bind" || ruling.verdict !== "unanswered") return ruling;
      return ruling.ran.length > 0 ? ruling : byFile(request.event, ruling);
    },
  };

  async function byFile(event: BindEvent, unanswered: Ruling): Promise<Ruling> {
    const { ran } = unanswered;
    try {
      const found = await accounts.verifyInFile(event.systemId, event.password);
      if (found === undefined) return unanswered;
      note(event, { call: "accounts of the file", result: found.ok ? "matched" : found.reason });
      if (found.ok) return acceptedUnasked(found.account, ran);
      return { verdict: "reject", code: found.reason, reason: "by the configuration file", ran };
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      return { verdict: "reject", code: cause.code, reason: cause.message, ran };
    }
  }
}

/** Accepted without a trigger: nothing is charged, and nothing goes anywhere. */
export function acceptedUnasked(account: string | undefined, ran: Ruling["ran"] = []): Ruling {
  const nothing = { forwards: [], reports: [], sends: [], failed: undefined, applied: false };
  return { verdict: "accept", account, charge: 0, ...nothing, ran };
}
