import { z } from "../config/schema.ts";
import type { Channel, ChannelHost } from "./channel.ts";
import { httpServerSettings } from "./http-server-settings.ts";
import { openHttpServer } from "./http-server.ts";
import { smppClientSettings } from "./smpp-client-settings.ts";
import { openSmppClient } from "./smpp-client.ts";
import { smppServerSettings } from "./smpp-server-settings.ts";
import { openSmppServer } from "./smpp-server.ts";

/** Every kind of channel, a line each: what its settings are and how it is opened. */
export const channelSettings = z.discriminatedUnion("type", [
  smppServerSettings,
  smppClientSettings,
  httpServerSettings,
]);

export type ChannelSettings = z.infer<typeof channelSettings>;

/** Rejects with a GatewayError that names the channel when it cannot be opened at all. */
export function openChannel(settings: ChannelSettings, host: ChannelHost): Promise<Channel> {
  switch (settings.type) {
    case "smpp-server":
      return openSmppServer(settings, host);
    case "smpp-client":
      return openSmppClient(settings, host);
    case "http-server":
      return openHttpServer(settings, host);
  }
}
