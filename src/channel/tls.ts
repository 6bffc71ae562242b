import { hostname } from "node:os";
import { resolve } from "node:path";
import { type SecureContext, createSecureContext } from "node:tls";
import { z } from "../config/schema.ts";
import { type Identity, ownIdentity, readAuthorities, readIdentity } from "../http/identity.ts";
import { GatewayError } from "../model/error.ts";
import type { ChannelHost } from "./channel.ts";

const file = z.string().min(1).optional();

const pair = {
  check: (one: { certificate?: string | undefined; key?: string | undefined }): boolean =>
    (one.certificate === undefined) === (one.key === undefined),
  message: "certificate and key belong together: set both or neither",
};

/** For a channel that is connected to. */
export const serverTlsSettings = z
  .strictObject({
    port: z.int().min(0).max(65_535).default(2776).describe("TCP port; 0 takes a free one."),
    certificate: file.describe(
      "PEM file with the certificate and what signed it; without it one is made at the first start.",
    ),
    key: file.describe("PEM file with its key, without a passphrase."),
    minVersion: z
      .enum(["TLSv1.2", "TLSv1.3"])
      .default("TLSv1.2")
      .describe("The oldest TLS that is spoken."),
  })
  .refine(pair.check, { error: pair.message })
  .describe("Listens for customers with TLS too, on the same addresses.");

export type ServerTlsSettings = z.infer<typeof serverTlsSettings>;

/** For a channel that connects. */
export const clientTlsSettings = z
  .union([
    z.boolean(),
    z
      .strictObject({
        ca: file.describe(
          "PEM file with the certificates that are trusted, instead of those that everybody trusts.",
        ),
        serverName: z
          .string()
          .min(1)
          .max(253)
          .optional()
          .describe("The name that must stand in the certificate; `host` by default."),
        verify: z
          .boolean()
          .default(true)
          .describe("false takes every certificate: nobody listens in, but anybody may answer."),
        certificate: file.describe("PEM file, for a provider that asks who we are."),
        key: file.describe("PEM file with its key, without a passphrase."),
      })
      .refine(pair.check, { error: pair.message }),
  ])
  .default(false)
  .describe(
    "Connects with TLS: `true` checks the provider's certificate as browsers do, or say how with these.",
  );

export type ClientTlsSettings = z.infer<typeof clientTlsSettings>;

/** What a listener shows and takes. */
export interface ServerTls {
  readonly port: number;
  readonly identity: Identity;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** Rejects with `bad_configuration` that names the setting and the file. Called once, at the start. */
export async function serverTls(
  settings: ServerTlsSettings,
  addresses: readonly string[],
  host: ChannelHost,
): Promise<ServerTls> {
  const asked = askedBy(host);
  const files = filesOf(settings, host);
  const identity =
    files === undefined
      ? await ownIdentity(host.directory, namesOf(addresses), asked)
      : await readIdentity(files, asked);
  const { minVersion, port } = settings;
  contextOf({ cert: identity.certificate, key: identity.key, minVersion }, asked.where);
  return { port, identity, minVersion };
}

/** How a connection is made; undefined without TLS. */
export interface ClientTls {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  readonly verify: boolean;
}

/** As above. */
export async function clientTls(
  settings: ClientTlsSettings,
  host: ChannelHost,
): Promise<ClientTls | undefined> {
  if (settings === false) return undefined;
  const asked = askedBy(host);
  const { ca, serverName, verify = true, ...own } = settings === true ? {} : settings;
  const files = filesOf(own, host);
  const identity = files === undefined ? undefined : await readIdentity(files, asked);
  const authorities =
    ca === undefined
      ? undefined
      : await readAuthorities(resolve(host.base, ca), `${asked.where}.ca`);
  const context = contextOf(
    {
      minVersion: "TLSv1.2",
      ...(authorities !== undefined && { ca: authorities }),
      ...(identity !== undefined && { cert: identity.certificate, key: identity.key }),
    },
    asked.where,
  );
  return { context, serverName, verify };
}

function askedBy({ name, clock, log }: ChannelHost) {
  return { where: `channel ${name}: tls`, nowMs: clock.nowMs(), log };
}

function filesOf(
  { certificate, key }: { certificate?: string | undefined; key?: string | undefined },
  { base }: ChannelHost,
): { certificate: string; key: string } | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  return { certificate: resolve(base, certificate), key: resolve(base, key) };
}

/** OpenSSL itself refuses some, such as a key that is too short. */
function contextOf(options: Parameters<typeof createSecureContext>[0], where: string) {
  try {
    return createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("bad_configuration", `${where}: not usable: ${why}`, { cause });
  }
}

/** What a peer on this machine or in this network may call us; more is for a certificate of one's own. */
function namesOf(addresses: readonly string[]): readonly string[] {
  const wild = new Set(["0.0.0.0", "::"]);
  const host = /^[\w.-]+$/.test(hostname()) ? [hostname()] : [];
  const listed = addresses.filter((address) => !wild.has(address) && !address.includes("%"));
  return [...new Set(["localhost", ...host, "127.0.0.1", "::1", ...listed])];
}
