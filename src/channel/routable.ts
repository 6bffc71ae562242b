import { isLoopback } from "../model/loopback.ts";
import type { ChannelSettings } from "./catalog.ts";
import { credentialsOf } from "./credentials.ts";
import { listenersOf } from "./listening.ts";
import { placeIn, smppPort } from "./provider-place.ts";

/** What the routing table must know of a channel; `route/directory.ts` says what each field is. */
export interface Routable {
  readonly name: string;
  readonly module: "smppserver" | "smppclient" | "http";
  readonly enabled: boolean;
  readonly group: string;
  readonly systemId?: string;
  readonly isDefault?: boolean;
  readonly hasCustomers?: boolean;
  readonly leadsTo?: string | undefined;
}

/** In the order of the configuration. */
export function routableChannels(
  channels: Readonly<Record<string, ChannelSettings>>,
): readonly Routable[] {
  return Object.entries(channels).map(([name, settings]): Routable => {
    const { enabled } = settings;
    if (settings.type === "smpp-server")
      return { name, module: "smppserver", enabled, group: name, hasCustomers: true };
    if (settings.type === "http-server")
      return { name, module: "http", enabled, group: name, hasCustomers: true };
    if (settings.type === "http-client") {
      const { group = name, default: isDefault } = settings;
      return { name, module: "http", enabled, group, isDefault };
    }
    const { systemId } = credentialsOf(settings);
    const { group = name, default: isDefault } = settings;
    const leadsTo = enabled ? ownListener(settings, channels) : undefined;
    return { name, module: "smppclient", enabled, group, systemId, isDefault, leadsTo };
  });
}

/** The channel of ours that listens where this one binds to; only addresses of this machine are sure. */
function ownListener(
  { host, port }: Extract<ChannelSettings, { type: "smpp-client" }>,
  channels: Readonly<Record<string, ChannelSettings>>,
): string | undefined {
  const place = placeIn(host);
  if ("fault" in place || !isLoopback(place.host)) return undefined;
  const asked = place.port ?? port ?? smppPort;
  return Object.entries(channels).find(
    ([, one]) =>
      one.type === "smpp-server" &&
      one.enabled &&
      listenersOf(one).some((listener) => listener.port === asked && asked !== 0),
  )?.[0];
}
