import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { allowListFrom, isAllowed } from "../../model/allow-list.ts";
import { type ApiKey, type ApiScope, isSecretOf, keyParts } from "../../model/api-key.ts";
import { standardOptions } from "../../model/account-options.ts";
import type { ErrorCode } from "../../model/error.ts";
import type { ChannelHost } from "../channel.ts";
import { createFailedBinds } from "../failed-binds.ts";
import type { HttpServerSettings } from "../http-server-settings.ts";

/** Who asks, and what he may. */
export interface Caller {
  readonly account: string;
  readonly scopes: readonly ApiScope[];
  /** For the trace: the key's id, or that it was a password. */
  readonly by: string;
}

export interface LoginFault {
  readonly code: ErrorCode | number;
  readonly detail?: string;
  readonly waitMs?: number;
}

/** Of which address somebody asks, over which kind of line: one object as long as the connection lasts. */
export interface Origin {
  readonly address: string;
  /** `address:port`. */
  readonly remote: string;
  readonly tls: boolean;
  readonly isOpen: () => boolean;
}

/** Finds out who asks: at once where it is known, else when the `bind` triggers have answered. */
export interface Login {
  of(
    authorization: string | undefined,
    origin: Origin,
  ): Caller | LoginFault | Promise<Caller | LoginFault>;
}

/** Remembered at a time; the oldest are forgotten. */
const rememberedMax = 10_000;

/** Binds that are asked at a time for passwords that are not known: the triggers check them. */
const askedMax = 200;

/** interface_version that the triggers are told: what can be done here is what 3.4 can. */
const version = 0x34;

const allScopes: readonly ApiScope[] = ["send", "read", "admin"];

export function createLogin(host: ChannelHost, settings: HttpServerSettings): Login {
  const { clock, name, customers, log } = host;
  const failed = createFailedBinds(settings.failedLoginsMax, clock);
  /** A password is nowhere kept in clear: by this it is known again until this start ends. */
  const secret = randomBytes(32);
  const remembered = new Map<string, { readonly caller: Caller; readonly untilMs: number }>();
  const asked = new Map<string, Promise<Caller | LoginFault>>();
  /** The last key that was right, of each connection. */
  const proven = new WeakMap<Origin, { readonly key: ApiKey; readonly octets: Uint8Array }>();

  return {
    of(authorization, origin) {
      if (failed.waits(origin.address)) {
        const waitMs = failed.waitMs(origin.address);
        return { code: "throttled", detail: "Too many failures.", waitMs };
      }
      if (authorization === undefined) return { code: "bad_key", detail: "Nobody is named." };
      if (authorization.startsWith("Bearer ")) return byKey(authorization.slice(7).trim(), origin);
      if (authorization.startsWith("Basic ")) return byPassword(authorization.slice(6), origin);
      return { code: "bad_key" };
    },
  };

  function byKey(text: string, origin: Origin): Caller | LoginFault {
    const { address, remote } = origin;
    const key = keyOf(text, origin);
    if (key === undefined) {
      refused(address);
      return { code: "bad_key", detail: "There is no such key." };
    }
    if (key.expiresMs !== undefined && key.expiresMs <= clock.nowMs())
      return { code: "bad_key", detail: "The key has ended." };
    const { account, scopes, allowFrom } = key;
    const { allowFrom: ofAccount } = host.optionsOf?.(account) ?? standardOptions;
    for (const list of [allowFrom, ofAccount])
      if (list !== "" && !isAllowed(allowListFrom(list), remote))
        return { code: "bind_refused", detail: `Not from ${address}.` };
    return { account, scopes, by: `key ${key.id}` };
  }

  /**
   * What a connection has shown before is compared, not hashed again, which was a fifteenth of the gateway's work for a
   * request. A key that was changed or taken back is another object.
   */
  function keyOf(text: string, origin: Origin): ApiKey | undefined {
    const octets = Buffer.from(text);
    const before = proven.get(origin);
    if (
      before?.octets.length === octets.length &&
      timingSafeEqual(before.octets, octets) &&
      customers?.keyOf(before.key.id) === before.key
    )
      return before.key;
    const parts = keyParts(text);
    const key = parts && customers?.keyOf(parts.id);
    if (parts === undefined || key === undefined || !isSecretOf(parts.secret, key))
      return undefined;
    // Copied, since a small buffer keeps the whole pool that it was cut from, for as long as the connection lasts.
    proven.set(origin, { key, octets: new Uint8Array(octets) });
    return key;
  }

  function refused(address: string): void {
    if (!failed.failed(address)) return;
    const { failedLoginsMax } = settings;
    log.warn(
      { address, failedLoginsMax },
      "too many refused keys and passwords: it hears 429 for now",
    );
  }

  function byPassword(
    text: string,
    origin: Origin,
  ): Caller | LoginFault | Promise<Caller | LoginFault> {
    const decoded = Buffer.from(text, "base64").toString();
    const colon = decoded.indexOf(":");
    if (colon < 1 || decoded.length > 500) return { code: "bad_key" };
    const hash = createHmac("sha256", secret).update(`${origin.address} ${decoded}`).digest("hex");
    const known = remembered.get(hash);
    if (known !== undefined && known.untilMs > clock.tickMs()) return known.caller;
    remembered.delete(hash);
    const underWay = asked.get(hash);
    if (underWay !== undefined) return underWay;
    if (asked.size >= askedMax) return { code: "overloaded" };
    const answer = ask(decoded.slice(0, colon), decoded.slice(colon + 1), origin).then((found) => {
      if ("account" in found) remember(hash, found);
      return found;
    });
    asked.set(hash, answer);
    void answer.finally(() => asked.delete(hash)).catch(() => {});
    return answer;
  }

  function remember(hash: string, caller: Caller): void {
    if (settings.basicRememberedMs === 0) return;
    const [oldest] = remembered.keys();
    if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest);
    remembered.set(hash, { caller, untilMs: clock.tickMs() + settings.basicRememberedMs });
  }

  async function ask(
    systemId: string,
    password: string,
    { address, remote, tls, isOpen }: Origin,
  ): Promise<Caller | LoginFault> {
    const session = host.newId();
    try {
      const answer = await host.emit("bind", {
        id: session,
        channel: name,
        session,
        systemId,
        systemType: "HTTP",
        password,
        bindType: "transceiver",
        version,
        addressRange: "",
        remote,
        tls,
        isOpen,
      });
      if (answer.kind === "accepted")
        return { account: answer.account, scopes: allScopes, by: "password" };
      if (answer.kind === "unanswered")
        return { code: "bind_refused", detail: "No trigger let it in." };
      const { code } = answer;
      if (code !== "bad_password" && code !== "unknown_account") return { code };
      refused(address);
      // Which of the two it was is for the trace alone.
      return { code: "bad_key", detail: "Not that system_id with that password." };
    } finally {
      // A request holds no place among the sessions of its account.
      host.gone?.(session);
    }
  }
}
