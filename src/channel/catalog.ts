import { z } from "../config/schema.ts";
import type { Channel, ChannelHost } from "./channel.ts";
import { httpClientSettings } from "./http-client-settings.ts";
import { httpServerSettings } from "./http-server-settings.ts";
import { smppClientSettings } from "./smpp-client-settings.ts";
import { smppServerSettings } from "./smpp-server-settings.ts";

/** Every kind of channel, a line each: what its settings are and how it is opened. */
export const channelSettings = z.discriminatedUnion("type", [
  smppServerSettings,
  smppClientSettings,
  httpClientSettings,
  httpServerSettings,
]);

export type ChannelSettings = z.infer<typeof channelSettings>;

/** Settings of a channel to a provider: what is for none in particular may go there, and reports come. */
export type ProviderSettings = Extract<ChannelSettings, { type: "smpp-client" | "http-client" }>;

export function isToProvider(settings: ChannelSettings): settings is ProviderSettings {
  return settings.type === "smpp-client" || settings.type === "http-client";
}

/**
 * Rejects with a GatewayError that names the channel when it cannot be opened at all. Loaded when it is
 * opened, since each command reads settings and opens none.
 */
export async function openChannel(settings: ChannelSettings, host: ChannelHost): Promise<Channel> {
  switch (settings.type) {
    case "smpp-server":
      return (await import("./smpp-server.ts")).openSmppServer(settings, host);
    case "smpp-client":
      return (await import("./smpp-client.ts")).openSmppClient(settings, host);
    case "http-client":
      return (await import("./http-client.ts")).openHttpClient(settings, host);
    case "http-server":
      return (await import("./http-server.ts")).openHttpServer(settings, host);
  }
}
