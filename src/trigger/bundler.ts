import { stop } from "esbuild";

/** ms. Its process has 30 MiB and is there again in 25 ms; who writes a trigger saves more often than that. */
const idleMs = 30_000;

let underWay = 0;
let idle: NodeJS.Timeout | undefined;
let restarts = 0;

/** Does what asks something of esbuild; its process goes when nothing is asked of it any more. */
export async function withBundler<T>(ask: () => Promise<T>): Promise<T> {
  clearTimeout(idle);
  underWay += 1;
  try {
    return await ask();
  } finally {
    underWay -= 1;
    if (underWay === 0) idle = setTimeout(() => void stop(), idleMs).unref();
  }
}

/** Which life of the bundler's process this is. */
export function bundlerLife(): number {
  return restarts;
}

/** It has died, which it never recovers from by itself; who found out later than another does nothing. */
export async function restartBundler(life: number): Promise<void> {
  if (life !== restarts) return;
  restarts += 1;
  await stop();
}
