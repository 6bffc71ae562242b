import type { Log } from "../model/log.ts";

/** ms. How often the log tells of what was given up at once. */
const lineMs = 10_000;

/** Tells in one line of the log what was given up meanwhile, because too much waits. */
export function createOverflowLine(log: Log, waitingMax: number): { add(): void; end(): void } {
  let calls = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    add() {
      calls += 1;
      timer ??= setTimeout(tell, lineMs);
      timer.unref();
    },
    end() {
      clearTimeout(timer);
      tell();
    },
  };

  function tell(): void {
    timer = undefined;
    if (calls === 0) return;
    const facts = { calls, waitingMax };
    log.error(facts, "too much waits for webhooks: what is new is given up; see `webhook dead`");
    calls = 0;
  }
}
