import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { resolve } from "node:path";
import { type SecureContext, TLSSocket, createSecureContext } from "node:tls";
import type { Identity, IdentityFiles } from "../http/identity.ts";
import { GatewayError } from "../model/error.ts";
import type { CertificateView } from "../model/view.ts";
import type { ChannelHost } from "./channel.ts";

type ContextOptions = NonNullable<Parameters<typeof createSecureContext>[0]>;

/** The files that settings name, which are relative to the configuration. */
export function filesOf(
  { certificate, key }: { certificate?: string | undefined; key?: string | undefined },
  { base }: ChannelHost,
): IdentityFiles | undefined {
  if (certificate === undefined) return undefined;
  return { certificate: resolve(base, certificate), key: key && resolve(base, key) };
}

/** What `reloaded` is to look at. */
export function pathsOf(files: readonly (IdentityFiles | string | undefined)[]): string[] {
  return files.flatMap((one) =>
    one === undefined
      ? []
      : typeof one === "string"
        ? [one]
        : [one.certificate, ...(one.key === undefined ? [] : [one.key])],
  );
}

export function keyPair({ certificate: cert, key }: Identity) {
  return { cert, key };
}

export function certificateView(
  { path, validUntilMs, openKey }: Identity,
  refused: string | undefined,
): CertificateView {
  return { path, validUntilMs, openKey, refused };
}

/** OpenSSL itself refuses some, such as a key that is too short. */
export function contextOf(options: ContextOptions, where: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("bad_configuration", `${where}: not usable: ${why}`, { cause });
  }
}

/**
 * Who the certificate that the peer has shown is about, as `CN=shop.example,O=Shop` (RFC 4514, but in
 * the certificate's own order); undefined where none was shown or nobody whom we trust has signed it.
 */
export function subjectOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.subject.split("\n").join(",");
}

/** By which `tls.pins` know the key of a peer: `sha256//` and base64, as curl writes it. */
export function pinOf(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
  return `sha256//${createHash("sha256")
    .update(key ?? "")
    .digest("base64")}`;
}
