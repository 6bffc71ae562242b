import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { SecureContext, TLSSocket, TlsOptions } from "node:tls";
import { type Identity, ownIdentity, readAuthorities, readIdentity } from "../http/identity.ts";
import { reloaded } from "../http/reloaded.ts";
import type { CertificateView } from "../model/view.ts";
import type { ChannelHost } from "./channel.ts";
import type { ListenerTlsSettings } from "./tls-settings.ts";
import { certificateView, contextOf, filesOf, keyPair, pathsOf } from "./tls.ts";
import { customerTrouble } from "./tls-trouble.ts";

/** What a listener shows, to whom, and whom it takes. */
export interface ServerTls {
  /** For `createServer` of node:tls, as of now. */
  options(): TlsOptions;
  /** Calls it with what new connections are to see whenever the files have changed. */
  onRenewed(take: (options: TlsOptions) => void): void;
  /** Why this customer is not taken after his handshake; undefined when he is. */
  refusal(socket: TLSSocket): string | undefined;
  certificates(): readonly CertificateView[];
  warnings(): readonly string[];
  close(): void;
}

/** All that comes from files; it is renewed as a whole, so that no half of a change is shown. */
interface Shown {
  readonly options: TlsOptions;
  /** The default one first. */
  readonly identities: readonly Identity[];
  readonly contexts: ReadonlyMap<string, SecureContext>;
  readonly warnings: readonly string[];
}

/**
 * `where` is the setting, `channel X: tls`. Rejects with `bad_configuration` that names it and the file.
 * Called once for each listener, at the start.
 */
export async function serverTls(
  settings: ListenerTlsSettings,
  addresses: readonly string[],
  { host, where }: { readonly host: ChannelHost; readonly where: string },
): Promise<ServerTls> {
  const { minVersion, clients } = settings;
  const ca = clients && resolve(host.base, clients.ca);
  const contextFiles = settings.contexts.map((one) => filesOf(one, host));
  const takers: ((options: TlsOptions) => void)[] = [];
  const shown = await reloaded(
    { paths: pathsOf([filesOf(settings, host), ca, ...contextFiles]), make, log: host.log },
    (renewed) => {
      for (const take of takers) take(renewed.options);
    },
  );
  return {
    options: () => ({
      ...shown.value.options,
      SNICallback: (name, done) => done(null, contextFor(shown.value.contexts, name)),
    }),
    onRenewed: (take) => void takers.push(take),
    refusal(socket) {
      if (clients?.require !== true) return undefined;
      // A resumed session without a certificate counts as authorized in Node: look at both.
      if (socket.getPeerX509Certificate() === undefined)
        return "it showed no certificate, and tls.clients wants one";
      return socket.authorized ? undefined : customerTrouble(String(socket.authorizationError));
    },
    certificates: () =>
      // They are taken or refused together, and it is told once.
      shown.value.identities.map((identity, at) =>
        certificateView(identity, at === 0 ? shown.refused : undefined),
      ),
    warnings: () => shown.value.warnings,
    close: shown.close,
  };

  async function make(): Promise<Shown> {
    const asked = { where, nowMs: host.clock.nowMs(), log: host.log };
    const files = filesOf(settings, host);
    const identity =
      files === undefined
        ? await ownIdentity(host.directory, namesOf(addresses), asked)
        : await readIdentity(files, asked);
    const trusted =
      ca === undefined ? {} : { ca: await readAuthorities(ca, `${where}.clients.ca`) };
    const secure = { ...keyPair(identity), ...trusted, minVersion };
    contextOf(secure, where);
    const identities = [identity];
    const contexts = new Map<string, SecureContext>();
    const warnings: string[] = [];
    for (const [at, { domains, certificate, key }] of settings.contexts.entries()) {
      const inside = `${where}.contexts[${at}]`;
      const own = await readIdentity(filesOf({ certificate, key }, host)!, {
        ...asked,
        where: inside,
      });
      // The authorities of the context that is chosen by name are those that count.
      const context = contextOf({ ...keyPair(own), ...trusted, minVersion }, inside);
      for (const domain of domains) contexts.set(domain, context);
      identities.push(own);
      warnings.push(...unnamed(domains, own));
    }
    const options: TlsOptions = {
      ...secure,
      // Node would only hang up; `refusal` says why.
      ...(ca !== undefined && { requestCert: true, rejectUnauthorized: false }),
    };
    return { options, identities, contexts, warnings };
  }
}

/** The certificate for a name that a peer asks for; undefined for the default one. RFC 6125 §6.4.3. */
function contextFor(
  contexts: ReadonlyMap<string, SecureContext>,
  asked: string,
): SecureContext | undefined {
  const name = asked.toLowerCase().replace(/\.$/, "");
  return contexts.get(name) ?? contexts.get(name.replace(/^[^.]+/, "*"));
}

/** A peer that checks would not take it for that name. */
function unnamed(domains: readonly string[], { certificate, path }: Identity): string[] {
  const parsed = new X509Certificate(certificate);
  return domains
    .filter((domain) => parsed.checkHost(domain.replace(/^\*/, "any")) === undefined)
    .map((domain) => `the certificate ${path} is shown for ${domain} and does not name it`);
}

/** What a peer on this machine or in this network may call us; more is for a certificate of one's own. */
function namesOf(addresses: readonly string[]): readonly string[] {
  const wild = new Set(["0.0.0.0", "::"]);
  const host = /^[\w.-]+$/.test(hostname()) ? [hostname()] : [];
  const listed = addresses.filter((address) => !wild.has(address) && !address.includes("%"));
  return [...new Set(["localhost", ...host, "127.0.0.1", "::1", ...listed])];
}
