// What the tests of TLS have in common: listeners, customers and providers with certificates.
import { readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ConnectionOptions } from "node:tls";
import { selfSigned } from "../../src/http/self-signed.ts";
import { systemClock } from "../../src/model/clock.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { type OpenOptions, openTestChannel, type TestChannel, testFolder } from "./host.ts";

export const host = "127.0.0.1";
export const dayMs = 86_400_000;

export function server(tls: object = {}, more: object = {}, options: OpenOptions = {}) {
  const settings = { type: "smpp-server", address: [host], port: 0, ...more };
  return openTestChannel({ ...settings, tls: { port: 0, ...tls } }, options);
}

/** The port with TLS, which stands behind the plain ones. */
export function tlsPort({ channel }: TestChannel): number {
  return channel.ports().at(-1) ?? 0;
}

export function client(port: number, tls: unknown, { name = host, folder = "", more = {} } = {}) {
  const settings = { type: "smpp-client", host: name, port, systemId: "us", password: "x" };
  const rest = { reconnectMs: 60_000, reconnectMostMs: 60_000, ...more };
  return openTestChannel({ ...settings, ...rest, tls }, folder === "" ? {} : { folder });
}

export function customer(port: number, tls: ConnectionOptions, address = host) {
  return connectEsme({ host: address, port, systemId: "Test1", password: "Pwd1", tls });
}

/** The certificate that a listener has made. */
export function madeBy({ folder }: TestChannel): Promise<string> {
  return readFile(join(folder, "kept", "certificate.pem"), "utf8");
}

export function portOf(one: Server): number {
  const at = one.address();
  return at !== null && typeof at === "object" ? at.port : 0;
}

export async function folderOf(t: TestContext): Promise<string> {
  const folder = await testFolder();
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `us.pem` and `us.key` in a folder of their own, for these names, made so many days ago. */
export async function files(t: TestContext, { names = ["localhost", host], daysAgo = 0 } = {}) {
  const folder = await folderOf(t);
  const made = await selfSigned(names, systemClock.nowMs() - daysAgo * dayMs);
  await writeFile(join(folder, "us.pem"), made.certificate);
  await writeFile(join(folder, "us.key"), made.key, { mode: 0o600 });
  return { folder, ...made };
}

export const own = { certificate: "us.pem", key: "us.key" };

/** Why a client is not bound, in the words of `channel list`. */
export async function troubleOf(channel: TestChannel): Promise<string> {
  await channel.logged("not bound to the provider");
  return channel.channel.view().detail.replace(/^not bound to \S+( with TLS)?: /, "");
}
