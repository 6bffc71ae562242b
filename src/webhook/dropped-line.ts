import type { Log } from "../model/log.ts";

/** ms. How often the log tells of what was dropped. */
const lineMs = 10_000;

/** Tells in one line of the log what was dropped meanwhile, because too much waits. */
export function createDroppedLine(log: Log, waitingMax: number): { add(): void; end(): void } {
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    add() {
      dropped += 1;
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
    if (dropped === 0) return;
    log.error({ dropped, waitingMax }, "too much waits for webhooks; what is new is lost");
    dropped = 0;
  }
}
