import { exitCodes } from "./failure.ts";

/**
 * Resolves at the first signal to end. A second one does not wait for an orderly end any longer: what
 * the gateway accepted is in the database.
 */
export function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        if (asked) process.exit(exitCodes.refused);
        asked = true;
        resolve();
      });
  });
}
