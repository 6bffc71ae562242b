import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import { ratesFrom } from "../model/rate.ts";
import type { Store } from "../store/store.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { type Gate, createGate } from "./gate.ts";
import { type Permits, createPermits } from "./permits.ts";
import { type Rates, createRates } from "./rates.ts";

/** What accounts and channels are held to before any trigger is asked. */
export interface Flow {
  readonly admission: Admission;
  readonly gate: Gate;
  readonly rates: Pick<Rates, "standing">;
  readonly permits: Permits;
  /** Called once per start, after the channels were opened: what came today counts, too. */
  recall(): Promise<void>;
}

export function createFlow(parts: {
  readonly store: Pick<Store, "accounts" | "writer" | "usage">;
  readonly channels: () => ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly log: Log;
  readonly worthStoring: (subject: string) => boolean;
}): Flow {
  const { store, channels, clock, log, worthStoring } = parts;
  const { accounts, writer, usage } = store;
  const { optionsOf } = accounts;
  const permits = createPermits(optionsOf);
  const rates = createRates({ optionsOf, channel: (name) => channels().get(name), clock });

  return {
    admission: createAdmission(optionsOf),
    rates,
    permits,
    gate: createGate({
      rates,
      permits,
      writer,
      clock,
      log,
      worthStoring,
    }),
    async recall() {
      const limited = {
        accounts: accounts.withOptions().filter((id) => isDaily(optionsOf(id).rate)),
        channels: [...channels()].flatMap(([name, { rate }]) => (isDaily(rate) ? name : [])),
      };
      if (limited.accounts.length + limited.channels.length === 0) return;
      try {
        for (const { account, channel, ...use } of await usage.cameToday(limited))
          rates.usedToday({ ...(account !== undefined && { account }), channel }, use);
      } catch (cause) {
        log.error({ err: cause }, "rates per day begin anew: what came today is not known");
      }
    },
  };
}

function isDaily(rate = ""): boolean {
  return ratesFrom(rate).some(({ per }) => per === "day");
}
