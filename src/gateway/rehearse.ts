import type { Rehearsed } from "../channel/customer-desk.ts";
import { amountNumber } from "../model/amount.ts";
import type { Ruling } from "../model/decision.ts";
import type { MessageEvent } from "../model/event.ts";
import { chargeOf } from "./charging.ts";
import type { DryRuns } from "./dry-runs.ts";
import type { ForwardToOne } from "./many.ts";
import type { OptOuts } from "./opt-outs.ts";
import type { Permits } from "./permits.ts";
import type { QueueFor } from "./queue-for.ts";
import { type RoutedBy, routed } from "./routing.ts";

/**
 * Tells what would become of a message by what a real one is decided by: who may send it, who wants none,
 * the triggers, the routing table and its prices. Nothing is stored, charged or counted.
 */
export function createRehearse(parts: {
  readonly permits: Permits;
  readonly optOuts: Pick<OptOuts, "has">;
  readonly dryRuns: Pick<DryRuns, "run">;
  readonly asking: RoutedBy & { readonly queueFor: QueueFor };
}): (event: MessageEvent) => Promise<Rehearsed> {
  const { permits, optOuts, dryRuns, asking } = parts;

  return async (event) => {
    const { account, to } = event.message;
    const forbidden = permits(event);
    if (forbidden !== undefined) return { kind: "refused", ...forbidden };
    if (optOuts.has(to, account))
      return { kind: "refused", code: "opted_out", reason: "the receiver wants no more messages" };
    const ruling = await dryRuns.run(event);
    switch (ruling.verdict) {
      case "accept":
        return accepted(event, ruling);
      case "reject":
        return { kind: "refused", code: ruling.code, reason: ruling.reason };
      case "unanswered":
        return { kind: "refused", code: "unanswered", reason: "" };
      case "undecided":
        return { kind: "unknown", reason: ruling.text };
    }
  };

  function accepted(
    event: MessageEvent,
    ruling: Extract<Ruling, { verdict: "accept" }>,
  ): Rehearsed {
    const { failed, forwards } = ruling;
    if (failed !== undefined) return { kind: "refused", code: "refused_by_rule", reason: failed };
    const actions: ForwardToOne[] = [];
    for (const wish of forwards) {
      const found = routed(event, wish, ruling.account, asking);
      if ("code" in found) return { kind: "refused", ...found };
      const { action } = found;
      const target = asking.queueFor(action);
      if ("code" in target)
        return { kind: "refused", code: target.code, reason: `channel ${action.channel}` };
      actions.push(action);
    }
    const charge = chargeOf(
      ruling,
      actions.map((action) => ({ action })),
      {
        account: ruling.account ?? event.message.account,
        final: false,
        parts: event.parts,
      },
    );
    if (charge !== undefined && "fault" in charge)
      return { kind: "refused", code: charge.fault, reason: charge.text };
    const credits = charge === undefined ? 0 : amountNumber(charge.amount);
    return { kind: "accepted", credits, route: actions.map(({ channel }) => channel) };
  }
}
