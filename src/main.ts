import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Running, StartOptions } from "./assemble.ts";
import { createLogLevels } from "./log/levels.ts";
import { createLog } from "./log/log.ts";
import { systemClock } from "./model/clock.ts";
import { GatewayError } from "./model/error.ts";
import type { Settings } from "./settings.ts";
import { holdDatabase, lockWaitMs } from "./store/hold.ts";
import { lookEarly } from "./trigger/look.ts";

export type { Running, StartOptions } from "./assemble.ts";

/**
 * Starts a gateway. The database's server and the bundler of the triggers are processes of their own: they work while
 * this one loads the rest of the program, which takes it as long. Rejects with a GatewayError that names the place
 * when nothing can run, after taking down what it had started.
 */
export async function start(settings: Settings, options: StartOptions): Promise<Running> {
  const clock = systemClock;
  const levels = createLogLevels(settings.log.level, clock);
  const log = options.log ?? createLog(levels, { clock });
  const dataDirectory = await directoryAt(resolve(options.base, settings.data));
  const databaseUrl = settings.database.url || undefined;
  const place = { dataDirectory, databaseUrl, lockWaitMs };
  const launched = Promise.withResolvers<void>();
  const database = holdDatabase(place, log.child({ part: "store" }), launched.resolve);
  const triggers = lookEarly(resolve(options.base, settings.triggers));
  // Whoever waits for them tells what went wrong.
  for (const one of [database, triggers]) one.catch(() => undefined);
  // To load the rest leaves no time for anything else, so the server is to be on its way.
  await Promise.race([launched.promise, database]);
  const { assemble } = await import("./assemble.ts");
  return assemble(settings, options, {
    clock,
    levels,
    log,
    dataDirectory,
    place,
    database,
    triggers,
  });
}

/** Made if it is not there, and closed to others: the admin socket lies in it. */
async function directoryAt(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("data_directory", `${path} cannot be made: ${why}`, { cause });
  }
  return path;
}
