const UNTRUSTED =
  "its certificate was signed by somebody who is not trusted: name that authority's file in tls.ca, or the provider has to send its whole chain";

/** What OpenSSL and Node say about a handshake that failed, as a person can act on it. */
const WORDS: Readonly<Record<string, string>> = {
  // What we find at the other side.
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate has signed itself: ask the provider for it and name its file in tls.ca",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate leads to an authority that is not trusted: name that authority's file in tls.ca",
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: "its certificate has expired: the provider has to renew it",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is the clock right?",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS there",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS there",
  ERR_SSL_HTTP_REQUEST: "it speaks HTTP",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "its TLS is too old",
  ERR_SSL_VERSION_TOO_LOW: "its TLS is too old",
  ERR_SSL_NO_SHARED_CIPHER: "it knows no cipher that we know",
  ERR_TLS_HANDSHAKE_TIMEOUT: "the TLS handshake was not done in time",
  ECONNRESET: "it hung up during the TLS handshake",
  // What it tells us of ours.
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not trust our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "it does not trust our certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "it does not take our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "it finds our certificate expired",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "it wants another version of TLS",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "it asks for a certificate of ours; see tls.certificate",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "it refused the TLS handshake",
};

/** Why a connection could not be secured. */
export function tlsTrouble(cause: Error): string {
  const code = "code" in cause ? String(cause.code) : "";
  // It names the names that the certificate is for.
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `its certificate is for somebody else: ${"reason" in cause ? String(cause.reason) : cause.message} If it is the right one, put its name into tls.serverName`;
  return WORDS[code] ?? (code === "" ? cause.message : code);
}

/** Why a customer's certificate is not taken, by the code that Node gives it. */
export function customerTrouble(code: string): string {
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired";
  if (code === "CERT_NOT_YET_VALID")
    return "its certificate is not valid yet; are the clocks right?";
  return `its certificate was signed by nobody in tls.clients.ca (${code})`;
}

/** As it is told to who listens, not to who called. */
export function handshakeTrouble(cause: Error): string {
  const code = "code" in cause ? String(cause.code) : "";
  return PLAIN.has(code)
    ? "it does not speak TLS there: it belongs to the plain port, or has to switch TLS on"
    : tlsTrouble(cause);
}

const PLAIN: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);

/**
 * Whether what broke the framing was the begin of a TLS handshake: as a command_length its octets are
 * 0x16, version 3 and the length of the record (RFC 8446 §5.1), and no limit of ours lets a PDU become
 * that long. `detail` is what the framing said.
 */
export function isTlsHello(detail: string): boolean {
  return Number(/^command_length is (\d+)/.exec(detail)?.[1]) >>> 16 === 0x16_03;
}

/** The words in the middle of a message of OpenSSL: `code:error:number:library:function:words:file`. */
export function tlsWords(message: string): string {
  return /:error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}
