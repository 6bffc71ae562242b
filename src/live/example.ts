import { listenersOf } from "../channel/listening.ts";
import { GatewayError } from "../model/error.ts";
import { isLoopback } from "../model/loopback.ts";
import type { Settings } from "../settings.ts";
import type { Store } from "../store/store.ts";

/** The seeded passwords are public: they may open this machine's own door and no other. */
export async function guardExample(store: Store, settings: Settings): Promise<void> {
  const open = Object.entries(settings.channels).find(
    ([, channel]) =>
      (channel.type === "smpp-server" || channel.type === "http-server") &&
      channel.enabled &&
      !listenersOf({ listeners: undefined, ...channel }).every(({ address }) =>
        address.every(isLoopback),
      ),
  );
  if (open === undefined) return;
  const seeded = await store.accounts.seededPasswordUnchanged();
  if (seeded.length === 0) return;
  throw new GatewayError(
    "bad_configuration",
    `channels.${open[0]}.address is open to others while ${seeded.join(" and ")} still has the example's password. Set it to 127.0.0.1, start, change it with \`npx signalbox account password ${seeded[0]}\`, then open it`,
  );
}
