import type { ApiAnswer } from "../../http/api-server.ts";
import type { Clock } from "../../model/clock.ts";
import type { Traffic } from "../../model/meter.ts";
import type { OwnView } from "../channel.ts";

/** Refusals of what was no request that one can answer: broken, too large, too slow, for no path of ours. */
const BROKEN: ReadonlySet<string> = new Set([
  "bad_request",
  "unknown_path",
  "body_too_large",
  "unsupported_media",
  "headers_too_large",
  "slow_request",
]);

/** What customers have asked since the channel was opened, and how they were answered. */
export interface Tally {
  answered(answer: ApiAnswer): void;
  failed(text: string): void;
  readonly lastError: OwnView["lastError"];
  /** For `channel list`. */
  words(): string;
  counts(): Pick<Traffic, "refused" | "writes" | "httpAnswers">;
}

export function createTally(clock: Pick<Clock, "nowMs">): Tally {
  const byStatus = new Map<number, number>();
  let requests = 0;
  let broken = 0;
  let lastError: OwnView["lastError"];

  return {
    answered({ status, code, what, address }) {
      requests += 1;
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      if (code === undefined) return;
      if (BROKEN.has(code)) broken += 1;
      // What a customer did wrong is his affair, but who cannot come in, or hears that we cannot, is ours.
      if (status === 401 || status >= 500) failed(`${what} from ${address} was refused: ${code}`);
    },
    failed,
    get lastError() {
      return lastError;
    },
    words() {
      if (requests === 0) return "no request yet";
      const refused = [...byStatus].reduce((sum, [status, n]) => sum + (status < 400 ? 0 : n), 0);
      return `${requests} ${requests === 1 ? "request" : "requests"}, ${refused} refused`;
    },
    counts: () => ({ refused: broken, writes: requests, httpAnswers: byStatus }),
  };

  function failed(text: string): void {
    lastError = { atMs: clock.nowMs(), text };
  }
}
