import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type DatabaseAddress, type Holder, takeLock } from "./gateway-lock.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

/** A gateway that was killed leaves a backend that ends with what it is doing. */
export const lockWaitMs = 2_000;

/** Which database, in the words of the settings. */
export interface DatabasePlace {
  /** A PostgreSQL of the operator's; undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded PostgreSQL keeps its files. */
  readonly dataDirectory: string;
  /** How long the lock of one that is just ending is waited for. */
  readonly lockWaitMs: number;
}

/** A database on which nobody else works. */
export interface HeldDatabase {
  readonly address: DatabaseAddress;
  /** Undefined for a PostgreSQL of the operator's. */
  readonly postgres: Postgres | undefined;
  /** The connection that holds the lock. */
  readonly holder: Holder;
  /** Gives up the lock and stops the embedded server; for whoever comes last. Further calls wait for the first. */
  letGo(): Promise<void>;
}

/**
 * Starts the embedded server if there is no URL, and takes the lock. Rejects with `data_directory`,
 * `database_unreachable` or `database_taken`; nothing is left running then that did not run before.
 *
 * @param launched called when the server needs nothing of this process any more until it answers: the embedded one
 * has been started, or there is none to start.
 */
export async function holdDatabase(
  place: DatabasePlace,
  log: Log,
  launched?: () => void,
): Promise<HeldDatabase> {
  const { databaseUrl, dataDirectory, lockWaitMs: waitMs } = place;
  if (databaseUrl !== undefined) launched?.();
  const postgres =
    databaseUrl === undefined ? await startPostgres({ dataDirectory, log, launched }) : undefined;
  const address: DatabaseAddress = postgres?.address ?? { connectionString: databaseUrl };
  try {
    const holder = await takeLock(address, { before: undefined, waitMs });
    let going: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await holder.client.end();
      await postgres?.close();
    };
    return { address, postgres, holder, letGo: () => (going ??= end()) };
  } catch (error) {
    // A server that ran before, or whose lock another gateway has taken, is that one's.
    const taken = error instanceof GatewayError && error.code === "database_taken";
    await (!taken && postgres?.adopted === false ? postgres.close() : postgres?.release());
    throw error;
  }
}
