import type { Ruling } from "../model/decision.ts";
import { GatewayError } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { HostFunctions } from "../trigger/engine.ts";
import { type Rehearsal, openRehearsal } from "../trigger/rehearsal.ts";

/** What scripts may ask in a dry run: it changes nothing, and nobody outside hears of it. */
const HARMLESS: ReadonlySet<string> = new Set([
  "accounts.byNumber",
  "channels.default",
  "channels.settings",
  "crypto.hash",
  "crypto.hmac",
  "crypto.randomId",
  "kv.get",
  "kv.list",
  "messages.find",
  "routes.explain",
  "routes.resolve",
]);

/** ms. The sandbox of dry runs is a process of its own: it ends when nobody has asked for so long. */
const idleMs = 60_000;

/** Dry runs at a time; more are refused with `overloaded`. */
const runsMax = 20;

/** Asks the triggers what they would say, in a sandbox of their own; nothing of it is done. */
export interface DryRuns {
  /** `undecided` also where one of them asks somebody outside for it. */
  run(event: MessageEvent): Promise<Ruling>;
  close(): Promise<void>;
}

export function createDryRuns(parts: {
  readonly directory: string;
  readonly calls: () => HostFunctions;
  readonly log: Log;
}): DryRuns {
  const { directory, log } = parts;
  let opening: Promise<Rehearsal> | undefined;
  let idle: NodeJS.Timeout | undefined;
  let running = 0;

  return {
    async run(event) {
      if (running >= runsMax) throw new GatewayError("overloaded");
      running += 1;
      clearTimeout(idle);
      try {
        opening ??= openRehearsal({ directory });
        const rehearsal = await opening;
        return await ruled(rehearsal, event);
      } catch (cause) {
        opening = undefined;
        throw cause;
      } finally {
        running -= 1;
        // What was saved since is seen by the next one that is opened.
        if (running === 0) idle = setTimeout(() => void close(), idleMs).unref();
      }
    },
    close,
  };

  async function ruled(rehearsal: Rehearsal, event: MessageEvent): Promise<Ruling> {
    const calls = parts.calls();
    let asked: string | undefined;
    const ruling = await rehearsal.decide({ kind: "message", event }, (name) => {
      if (HARMLESS.has(name)) return calls[name];
      asked ??= name;
      return undefined;
    });
    // A script may have caught the refusal and gone on: what it said then is not what it would say.
    if (asked === undefined) return ruling;
    const text = `a trigger asks ${asked}`;
    return { verdict: "undecided", fault: "trigger_failed", text, ran: ruling.ran };
  }

  async function close(): Promise<void> {
    clearTimeout(idle);
    const open = opening;
    opening = undefined;
    if (open === undefined) return;
    try {
      await using _rehearsal = await open;
    } catch (cause) {
      log.warn({ err: cause }, "the sandbox of dry runs did not end well");
    }
  }
}
