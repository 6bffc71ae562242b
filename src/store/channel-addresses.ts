import { type Kysely, sql } from "kysely";
import type { Log } from "../model/log.ts";
import type { Tables } from "./tables.ts";

/** Where providers were, for the records of what was handed to them. */
export interface ChannelAddresses {
  /**
   * The provider of a channel is at this address from now on. Called whenever we have bound to it, or its
   * name could not be resolved; written only when it is another one. Never throws: records can wait.
   */
  located(channel: string, address: string): void;
  /** Settles when what is under way is written. */
  close(): Promise<void>;
}

export function createChannelAddresses(db: Kysely<Tables>, log: Log): ChannelAddresses {
  const last = new Map<string, string>();
  let work: Promise<unknown> = Promise.resolve();
  return {
    located(channel, address) {
      if (last.get(channel) === address) return;
      last.set(channel, address);
      // One after the other, so that the last one told is the last one written.
      work = work.then(() =>
        put(db, channel, address).catch((cause: unknown) => {
          last.delete(channel);
          log.warn(
            { channel, address, err: cause },
            "where a provider is could not be written down",
          );
        }),
      );
    },
    close: async () => void (await work),
  };
}

async function put(db: Kysely<Tables>, channel: string, address: string): Promise<void> {
  await sql`
    insert into channel_address (channel, at, address)
    select ${channel}::text, clock_timestamp(), ${address}::text
    where ${address}::text is distinct from (
      select address from channel_address where channel = ${channel} order by at desc limit 1)
    on conflict do nothing`.execute(db);
}
