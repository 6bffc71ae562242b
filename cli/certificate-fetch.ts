import { isIP } from "node:net";
import { type TLSSocket, connect } from "node:tls";
import { type CertificateFacts, factsOf } from "./certificate-facts.ts";
import { Refused } from "./failure.ts";

/** ms. Longer than any handshake that an SMPP peer would wait for. */
const timeoutMs = 10_000;

/** What a peer shows who it is, whether it is trusted or not; nothing is sent to it. */
export async function fetchCertificate(peer: {
  readonly host: string;
  readonly port: number;
  /** What it is asked for (SNI); the host by default. */
  readonly name: string | undefined;
}): Promise<CertificateFacts> {
  const { host, port, name = isIP(host) === 0 ? host : undefined } = peer;
  const socket = connect({
    host,
    port,
    // It is only looked at, and the answer says whether it would be trusted.
    rejectUnauthorized: false,
    ...(name !== undefined && { servername: name }),
  });
  try {
    await secured(socket);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw new Error("it showed no certificate");
    const tls = [socket.getProtocol(), socket.getCipher().standardName].join(", ");
    return { ...factsOf(certificate), tls, trusted: { why: distrust(socket) } };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    const advice = "Does somebody speak TLS there?";
    throw new Refused(`no certificate of ${host}:${port}: ${why}`, advice, { cause });
  } finally {
    socket.destroy();
  }
}

function distrust({ authorized, authorizationError }: TLSSocket): string | undefined {
  return authorized ? undefined : String(authorizationError);
}

async function secured(socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(timeoutMs, () => reject(new Error(`nothing in ${timeoutMs / 1_000} s`)));
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("it hung up")));
  });
}
