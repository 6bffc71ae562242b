import { createServer } from "node:net";
import { GatewayError } from "../model/error.ts";

/**
 * Rejects with `bad_configuration` when this host has no such address, so that it is told at the start
 * and not as a provider that cannot be reached. Called once for each channel that sets one.
 */
export async function checkSourceAddress(channel: string, address: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port: 0 }, resolve);
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new GatewayError(
      "bad_configuration",
      `channel ${channel}: sourceAddress ${address} is not an address of this host (${code})`,
      { cause },
    );
  } finally {
    server.close();
  }
}
