import { once } from "node:events";
import type pg from "pg";
import { type CopyStreamQuery, from as copyFrom } from "pg-copy-streams";

/** Rows on their way into one table, in the text form of COPY. */
export interface CopyIn {
  /** Resolves when there is room for more; rejects with what PostgreSQL refused before. */
  write(data: Buffer): Promise<void>;
  /** Gives how many rows PostgreSQL took. */
  end(): Promise<number>;
  /** For when there is another error to tell. */
  abort(): Promise<void>;
}

/** Nothing else may be asked on this connection until it has ended. The names are trusted. */
export function startCopyIn(client: pg.Client, table: string, columns: readonly string[]): CopyIn {
  const names = columns.map((column) => `"${column}"`).join();
  const copy: CopyStreamQuery = client.query(copyFrom(`copy ${table} (${names}) from stdin`));
  // PostgreSQL may refuse at any moment, also while nothing is being written.
  const failure = new Promise<never>((_resolve, reject) => copy.once("error", reject));
  failure.catch(() => undefined); // Told by whichever call comes next.
  return {
    async write(data) {
      const taken = new Promise<void>((resolve) => copy.write(data, () => resolve()));
      await Promise.race([taken, failure]);
    },
    async end() {
      const finished = once(copy, "finish");
      copy.end();
      await Promise.race([finished, failure]);
      return copy.rowCount;
    },
    async abort() {
      const closed = once(copy, "close");
      copy.destroy();
      await Promise.race([closed, failure]).catch(() => undefined);
    },
  };
}
