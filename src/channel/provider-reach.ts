import type { ClientTls } from "./client-tls.ts";
import { type Connecting, connectTo } from "./connect.ts";
import type { OwnView } from "./channel.ts";
import { tellChannel } from "./notice.ts";
import type { ChannelHost } from "./channel.ts";

/** Whether a provider without sessions can be sent to, and when it is tried again. */
export interface Reach {
  readonly state: "up" | "down" | "trial";
  readonly sinceMs: number;
  readonly trouble: string;
  readonly lastError: OwnView["lastError"];
  /** It has answered, and lets us in. */
  good(): void;
  /** No connection: it is asked again for one, without a message. */
  unreached(why: string): void;
  /** It does not let us in: after a pause one message goes, to see whether it does. */
  shut(why: string): void;
  /** Begins by looking whether somebody is there. */
  start(): void;
  /** Looks no more. */
  stop(): void;
}

/**
 * HTTP has no session that says by itself whether the other side is there. A connection says so at the
 * start and while nothing gets through; answers say so while messages go.
 */
export function createReach(
  host: ChannelHost,
  to: { readonly host: string; readonly port: number; readonly where: string },
  options: {
    readonly tls: ClientTls | undefined;
    readonly connectTimeoutMs: number;
    readonly reconnectMs: number;
    readonly reconnectMostMs: number;
  },
): Reach {
  const { clock } = host;
  const { tls, connectTimeoutMs: timeoutMs, reconnectMs, reconnectMostMs } = options;
  let state: Reach["state"] = "down";
  let sinceMs = clock.nowMs();
  let trouble = "not reached yet";
  let lastError: OwnView["lastError"];
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let connecting: Connecting | undefined;
  let stopped = true;

  return {
    get state() {
      return state;
    },
    get sinceMs() {
      return sinceMs;
    },
    get trouble() {
      return trouble;
    },
    get lastError() {
      return lastError;
    },
    good,
    unreached: (why) => fell(why, look),
    shut: (why) => fell(why, tryOne),
    start() {
      if (!stopped) return;
      stopped = false;
      failures = 0;
      trouble = "not reached yet";
      look();
    },
    stop() {
      stopped = true;
      rest();
      if (state !== "down") sinceMs = clock.nowMs();
      state = "down";
    },
  };

  function good(): void {
    failures = 0;
    if (state === "up" || stopped) return;
    rest();
    state = "up";
    sinceMs = clock.nowMs();
    tellChannel(host, "up", `reached ${to.where}`);
    host.log.info({ where: to.where }, "the provider is reached");
    host.ready();
  }

  function fell(why: string, next: () => void): void {
    if (stopped) return;
    lastError = { atMs: clock.nowMs(), text: why };
    if (state === "up") sinceMs = clock.nowMs();
    // Those that were under way with it fail one after another: the first has set the clock.
    if (state === "down" && timer !== undefined) return;
    state = "down";
    trouble = why;
    tellChannel(host, "down", why);
    const pauseMs = Math.min(reconnectMs * 2 ** Math.min(failures, 20), reconnectMostMs);
    failures += 1;
    rest();
    timer = setTimeout(() => {
      timer = undefined;
      next();
    }, pauseMs).unref();
  }

  function look(): void {
    const place = { host: to.host, port: to.port, tls, timeoutMs };
    connecting = connectTo(
      place,
      (socket) => {
        connecting = undefined;
        socket.on("error", () => {}).destroy();
        good();
      },
      (why) => {
        connecting = undefined;
        fell(why, look);
      },
    );
  }

  function tryOne(): void {
    state = "trial";
    host.ready();
  }

  function rest(): void {
    clearTimeout(timer);
    timer = undefined;
    connecting?.abandon();
    connecting = undefined;
  }
}
