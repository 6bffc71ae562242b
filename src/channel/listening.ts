import type { Socket } from "node:net";
import { GatewayError } from "../model/error.ts";
import type { CertificateView } from "../model/view.ts";
import type { ChannelHost } from "./channel.ts";
import { type Listener, listen } from "./listener.ts";
import { type ServerTls, serverTls } from "./server-tls.ts";
import type { SmppServerSettings } from "./smpp-server-settings.ts";
import type { ListenerTlsSettings } from "./tls-settings.ts";

/** Every port of a channel that is bound to. */
export interface Listening {
  /** In the order of the settings, each with all its addresses. */
  ports(): readonly number[];
  /** `listens on 127.0.0.1:2775, with TLS on 127.0.0.1:2776` */
  words(): string;
  certificates(): readonly CertificateView[];
  warnings(): readonly string[];
  /** Takes no more connections; those that were handed over go on. */
  close(): void;
}

/** What the settings ask for, the short form and the list alike. */
interface Asked {
  readonly address: readonly string[];
  readonly port: number;
  readonly tls: ListenerTlsSettings | undefined;
  /** Where it stands in the settings, for errors. */
  readonly at: string;
}

/**
 * Each that is not switched off: `listeners` where it is given, else `port` and `tls.port`. A `tls` that
 * names no port of its own is for `port`: then nothing is taken in clear.
 */
export function listenersOf(
  settings: Pick<PortSettings, "address" | "port" | "tls" | "listeners">,
): readonly Asked[] {
  const { address, port, tls, listeners } = settings;
  if (listeners === undefined) {
    const plain = { address, port, tls: undefined, at: "" };
    if (tls === undefined) return [plain];
    if (!("port" in tls)) return [{ address, port, tls, at: "tls" }];
    return [plain, { address, port: tls.port, tls, at: "tls" }];
  }
  return listeners.flatMap((one, index) => {
    const standard = one.tls === undefined ? 2775 : 2776;
    const own = { address: one.address ?? address, port: one.port ?? standard, tls: one.tls };
    return one.enabled ? [{ ...own, at: `listeners[${index}].tls` }] : [];
  });
}

/** The settings of a channel that opens ports. */
export type PortSettings = Pick<SmppServerSettings, "address" | "port" | "listeners"> & {
  readonly tls?: SmppServerSettings["tls"] | ListenerTlsSettings;
  /** ms for a TLS handshake. */
  readonly bindTimeoutMs: number;
  /** Connections at a time. */
  readonly sessionsMax: number;
};

/** Opens all of them or none. Rejects with `port_taken`, or `bad_configuration` for certificates. */
export async function openListening(
  settings: PortSettings,
  host: ChannelHost,
  onConnection: (socket: Socket) => void,
): Promise<Listening> {
  const { name, log, clock } = host;
  const { bindTimeoutMs: handshakeTimeoutMs, sessionsMax: connectionsMax } = settings;
  const plain: Listener[] = [];
  const secure: Listener[] = [];
  const all: Listener[] = [];
  const shown: ServerTls[] = [];
  const close = (): void => {
    for (const one of [...all, ...shown]) one.close();
  };
  try {
    for (const { address, port, tls, at } of listenersOf(settings)) {
      const where = `channel ${name}: ${at}`;
      const own = tls && (await serverTls(tls, address, { host, where }));
      if (own !== undefined) shown.push(own);
      const opened: Listener[] = [];
      for (const one of address) {
        const options = { channel: name, address: one, port, log };
        const limited = own && { tls: { shown: own, handshakeTimeoutMs, connectionsMax } };
        const listener = await listen({ ...options, ...limited }, onConnection);
        if (listener === undefined) continue;
        for (const list of [opened, all, tls === undefined ? plain : secure]) list.push(listener);
      }
      if (opened.length === 0)
        throw new GatewayError("port_taken", `channel ${name}: none of its addresses can be used`);
    }
  } catch (cause) {
    close();
    throw cause;
  }

  const certificates = (): CertificateView[] => shown.flatMap((one) => one.certificates());
  return {
    ports: () => all.map(({ port }) => port),
    words() {
      const on = (some: readonly Listener[]): string => some.map(({ where }) => where).join(", ");
      const parts = [
        ...(plain.length === 0 ? [] : [`on ${on(plain)}`]),
        ...(secure.length === 0 ? [] : [`with TLS on ${on(secure)}`]),
      ];
      const expired = certificates().some(({ validUntilMs }) => validUntilMs <= clock.nowMs());
      return `listens ${parts.join(", ")}${expired ? "; its certificate has expired" : ""}`;
    },
    certificates,
    warnings: () => shown.flatMap((one) => one.warnings()),
    close,
  };
}
