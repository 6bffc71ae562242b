import { type BackupPolicy, type FailurePolicy, standardPolicy } from "../model/failure-policy.ts";
import type { QueueFor } from "./queue-for.ts";
import type { Routing } from "./routing.ts";

/** The failure policies in force, by channel. */
export interface Policies {
  /** The standard where nothing is known of it. Asked on the hot path. */
  of(channel: string): FailurePolicy;
  /** Puts others in force, whole. */
  use(policies: ReadonlyMap<string, FailurePolicy>): void;
}

/** The standard for all until `use` is called. */
export function createPolicies(): Policies {
  let inForce: ReadonlyMap<string, FailurePolicy> = new Map();
  return {
    of: (channel) => inForce.get(channel) ?? standardPolicy,
    use: (policies) => (inForce = policies),
  };
}

/** The queue that a backup's target comes to now; undefined when it leads nowhere. */
export function backupQueues(
  routing: Pick<Routing, "waysTo">,
  queueFor: QueueFor,
): (backup: BackupPolicy) => string | undefined {
  return ({ target }) => {
    const nobody = { number: "", account: undefined };
    const [way] = [target, `smppclient/${target}`].flatMap((one) => routing.waysTo(one, nobody));
    const found = way === undefined ? undefined : queueFor(way);
    return found !== undefined && "queue" in found ? found.queue : undefined;
  };
}
