import type { ConnectionOptions } from "node:tls";
import { GatewayError } from "../model/error.ts";
import type { BindType } from "../model/event.ts";
import { encodeRare } from "../smpp/rare.ts";
import type { Check, Probe, Verdict } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { bindPdu } from "./pdus.ts";
import { type Wire, openWire } from "./wire.ts";
import { wordsOf } from "./check.ts";

export type { Check, Verdict } from "./check.ts";

/** A server to try, and how. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
  /** Empty. */
  readonly systemType?: string;
  readonly tls?: ConnectionOptions | undefined;
  readonly from: string;
  /** Nothing: what might reach a phone is not asked. */
  readonly to?: string | undefined;
  /** ms. How long an answer is waited for; 5,000. */
  readonly waitMs?: number;
  /** ms. How long the peer's time-outs are waited for; 0 leaves those checks out. */
  readonly patienceMs: number;
}

export type Result =
  | (Verdict & { readonly check: Check })
  | { readonly check: Check; readonly kind: "skipped"; readonly seen: string };

/**
 * Asks the server everything on the list, one check after another on one bound session at a time; the
 * checks that wait for time-outs come last and wait together. `told` hears of each result as it comes.
 * Rejects with `connection_lost` when nobody is there, and with `bind_refused` when the server does
 * not let us in, since no result would then mean anything.
 */
export async function checkConformance(
  target: Target,
  told: (result: Result) => void = () => {},
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    told(result);
  };
  const kept = keptSession(target);
  try {
    await kept.bound("transceiver");
    const waiting: Check[] = [];
    for (const check of CHECKS) {
      const why = skippedFor(check, target);
      if (why !== undefined) note({ check, kind: "skipped", seen: why });
      else if (check.waits === true) waiting.push(check);
      else note({ check, ...(await verdictOf(check, target, kept.bound)) });
    }
    await kept.unbind();
    await Promise.all(
      waiting.map(async (check) =>
        note({ check, ...(await verdictOf(check, target, kept.bound)) }),
      ),
    );
    return results;
  } finally {
    await kept.unbind();
  }
}

function skippedFor(check: Check, { to, patienceMs }: Target): string | undefined {
  if (check.sends === true && to === undefined) return "no number to send to was given";
  if (check.waits === true && patienceMs === 0) return "time-outs are not waited for";
  return undefined;
}

async function verdictOf(check: Check, target: Target, bound: Probe["bound"]): Promise<Verdict> {
  const opened: Wire[] = [];
  const { systemId, password, systemType = "", from, to = "", patienceMs } = target;
  const probe: Probe = {
    systemId,
    password,
    systemType,
    from,
    to,
    patienceMs,
    bound,
    async open() {
      const wire = await wireTo(target);
      opened.push(wire);
      return wire;
    },
  };
  try {
    return await check.run(probe);
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    return { kind: "differs", seen: cause.message };
  } finally {
    await Promise.all(opened.map((wire) => wire.close()));
  }
}

/** The one bound session that checks share; another bind type, or its death, makes a new one. */
function keptSession(target: Target) {
  let kept: { readonly bindType: BindType; readonly wire: Wire } | undefined;

  async function unbind(): Promise<void> {
    const wire = kept?.wire;
    kept = undefined;
    if (wire === undefined) return;
    if (wire.isOpen) await wire.ask(encodeRare("unbind", { sequence: wire.sequence() }));
    await wire.close();
  }

  async function bound(bindType: BindType): Promise<Wire> {
    if (kept?.bindType === bindType && kept.wire.isOpen) return kept.wire;
    await unbind();
    const wire = await wireTo(target);
    const seen = await wire.ask(
      bindPdu(wire.sequence(), { ...target, systemType: target.systemType ?? "" }, bindType),
    );
    if (seen.kind !== "answer" || seen.status !== 0) {
      await wire.close();
      throw new GatewayError("bind_refused", `bind_${bindType}: ${wordsOf(seen)}`);
    }
    kept = { bindType, wire };
    return wire;
  }

  return { bound, unbind };
}

function wireTo({ host, port, tls, waitMs = answerMs }: Target): Promise<Wire> {
  return openWire({ host, port, tls, waitMs });
}

/** ms. Far more than an answer takes, far less than a person waits. */
const answerMs = 5_000;
