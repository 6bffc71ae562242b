import { resolve } from "node:path";
import type { SecureContext, TLSSocket } from "node:tls";
import { type Identity, readAuthorities, readIdentity } from "../http/identity.ts";
import { reloaded } from "../http/reloaded.ts";
import type { CertificateView } from "../model/view.ts";
import type { ChannelHost } from "./channel.ts";
import type { ClientTlsSettings } from "./tls-settings.ts";
import { certificateView, contextOf, filesOf, keyPair, pathsOf, pinOf } from "./tls.ts";

/** How a connection to a provider is secured. */
export interface ClientTls {
  /** Of the newest files. */
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  readonly verify: boolean;
  /** Nothing of the provider is checked: neither his certificate nor its key. */
  readonly insecure: boolean;
  /** Why this provider is not talked to after the handshake; undefined when he is. */
  refusal(socket: TLSSocket): string | undefined;
  /** Ours, for a provider that asks. */
  certificates(): readonly CertificateView[];
  warnings(): readonly string[];
  close(): void;
}

interface Made {
  readonly context: SecureContext;
  readonly identity: Identity | undefined;
}

/**
 * undefined without TLS. Rejects with `bad_configuration` that names the setting and the file. Called
 * once, when the channel is opened.
 */
export async function clientTls(
  settings: ClientTlsSettings,
  host: ChannelHost,
): Promise<ClientTls | undefined> {
  if (settings === false) return undefined;
  const where = `channel ${host.name}: tls`;
  const given = settings === true ? {} : settings;
  const own: Exclude<ClientTlsSettings, boolean> = { verify: true, pins: [], ...given };
  const { serverName, verify, pins } = own;
  const files = filesOf(own, host);
  const ca = own.ca === undefined ? undefined : resolve(host.base, own.ca);
  const made = await reloaded({ paths: pathsOf([files, ca]), make, log: host.log });
  const insecure = !verify && pins.length === 0;
  const warning =
    "it takes every certificate (tls.verify: false), so whoever answers there gets its password: name its authority in tls.ca or its key in tls.pins";
  if (insecure) host.log.warn({}, warning);
  return {
    get context() {
      return made.value.context;
    },
    serverName,
    verify,
    insecure,
    refusal(socket) {
      if (pins.length === 0) return undefined;
      const pin = pinOf(socket);
      if (pins.includes(pin)) return undefined;
      return `its key is none of tls.pins: it shows ${pin}; ask the provider whether that is his, and add it`;
    },
    certificates() {
      const { identity } = made.value;
      return identity === undefined ? [] : [certificateView(identity, made.refused)];
    },
    warnings: () => [
      ...(insecure ? [warning] : []),
      // Without a certificate of ours there is no view that could say so.
      ...(made.refused !== undefined && made.value.identity === undefined
        ? [`its changed files are not in use: ${made.refused}`]
        : []),
    ],
    close: made.close,
  };

  async function make(): Promise<Made> {
    const asked = { where, nowMs: host.clock.nowMs(), log: host.log };
    const identity = files === undefined ? undefined : await readIdentity(files, asked);
    const authorities = ca === undefined ? undefined : await readAuthorities(ca, `${where}.ca`);
    const context = contextOf(
      {
        minVersion: "TLSv1.2",
        ...(authorities !== undefined && { ca: authorities }),
        ...(identity !== undefined && keyPair(identity)),
      },
      where,
    );
    return { context, identity };
  }
}
