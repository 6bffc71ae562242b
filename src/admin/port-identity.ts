import { hostname } from "node:os";
import { resolve } from "node:path";
import { type Identity, ownIdentity, readIdentity } from "../http/identity.ts";
import { type Reloaded, reloaded } from "../http/reloaded.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";

export interface PortIdentityParts {
  readonly settings: {
    readonly address: string;
    readonly hosts: readonly string[];
    /** undefined: no TLS. */
    readonly tls?:
      | { readonly certificate?: string | undefined; readonly key?: string | undefined }
      | undefined;
  };
  /** Directory to which the paths in the settings are relative. */
  readonly base: string;
  /** Where a certificate of our own is kept. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * By what the admin port shows who it is: the operator's files, read anew when they change, else a
 * certificate that is made at the first start. Rejects with `bad_configuration` or `data_directory`.
 */
export async function portIdentity(
  parts: PortIdentityParts,
  renewed: (identity: Identity) => void,
): Promise<Reloaded<Identity> | undefined> {
  const { settings, base, directory, clock, log } = parts;
  const { tls, address, hosts } = settings;
  if (tls === undefined) return undefined;
  const asked = () => ({ where: "admin.tls", nowMs: clock.nowMs(), log });
  if (tls.certificate !== undefined) {
    const certificate = resolve(base, tls.certificate);
    const key = tls.key === undefined ? certificate : resolve(base, tls.key);
    const make = () => readIdentity({ certificate, key }, asked());
    return reloaded({ paths: [certificate, key], make, log }, renewed);
  }
  const make = () => ownIdentity(directory, namesOf(address, hosts), asked());
  return reloaded({ paths: [], make, log });
}

/** What those who connect may call us. */
function namesOf(address: string, hosts: readonly string[]): string[] {
  const own = /^[\w.-]+$/.test(hostname()) ? [hostname()] : [];
  const listed = ["0.0.0.0", "::"].includes(address) || address.includes("%") ? [] : [address];
  return [...new Set(["localhost", ...own, "127.0.0.1", "::1", ...listed, ...hosts])];
}
