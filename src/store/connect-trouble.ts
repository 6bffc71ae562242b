/** Why a database cannot be reached, in words, and what to do about it. */
export interface ConnectTrouble {
  readonly what: string;
  readonly advice: string;
}

/**
 * What an error of the driver or of PostgreSQL means for whoever set the URL. Its own words are kept
 * only where they are PostgreSQL's, which never repeat a password.
 */
export function connectTrouble(cause: unknown, where: string): ConnectTrouble {
  const { code, message } = partsOf(cause);
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known !== undefined) return { what: `${where}: ${known[0]}`, advice: known[1] };
  for (const [pattern, what, advice] of BY_WORDS)
    if (pattern.test(message)) return { what: `${where}: ${what}`, advice };
  return {
    what: `${where}: ${message || code || "it cannot be reached"}`,
    advice: "Look into PostgreSQL's own log for more.",
  };
}

const password =
  "Check role and password in the URL; an @ or a / in a password is %40 or %2F there.";
const certificate =
  "Name the authority that signed it by `sslrootcert=/path/ca.pem` in the URL, or let the server show a certificate of an authority that this machine trusts.";

/** By the code of the system, of Node's TLS, or of PostgreSQL (manual, appendix A). */
const BY_CODE: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  ENOTFOUND: ["there is no host of this name", "Check the host in the URL."],
  EAI_AGAIN: ["the name of the host cannot be looked up now", "Check this machine's DNS."],
  ECONNREFUSED: [
    "nobody listens there",
    "Check host and port, that PostgreSQL runs, and its listen_addresses.",
  ],
  ECONNRESET: ["the connection was cut", "Is it PostgreSQL that listens there? Check the port."],
  EHOSTUNREACH: ["there is no way to this host", "Check the network between the two machines."],
  ENETUNREACH: ["there is no way to this host", "Check the network between the two machines."],
  ETIMEDOUT: ["it does not answer", "Check the network, and whether a firewall lets us through."],
  ENOENT: ["there is no socket in that folder", "Check the folder, and that PostgreSQL runs."],
  EACCES: ["its socket may not be opened", "Check who this process runs as."],
  "28P01": ["the password is wrong", password],
  "28000": [
    "PostgreSQL does not let this role in from here",
    "Check that the role exists and may log in, and the server's pg_hba.conf.",
  ],
  "3D000": ["there is no database of this name", "Check the name behind the last / of the URL."],
  "42501": ["the role may not connect to this database", "Run: grant connect on database to it."],
  "53300": [
    "it has no connection to spare",
    "Raise its max_connections, or lower connectionsMax here.",
  ],
  "57P03": ["it is starting up or shutting down", "Wait a little and try again."],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["its certificate is signed by itself", certificate],
  SELF_SIGNED_CERT_IN_CHAIN: ["its certificate is of an unknown authority", certificate],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["its certificate is of an unknown authority", certificate],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["its certificate is of an unknown authority", certificate],
  CERT_HAS_EXPIRED: ["its certificate has expired", "Renew the server's certificate."],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "its certificate is for another host",
    "Name the host in the URL as it stands in the certificate.",
  ],
};

const BY_WORDS: readonly (readonly [RegExp, what: string, advice: string])[] = [
  [
    /does not support SSL/,
    "it does not speak TLS",
    "Turn on `ssl` at the server, or write sslmode=disable where the network is your own.",
  ],
  [/SASL|SCRAM|client password must be/, "the password is wrong or missing", password],
  [
    /timeout/i,
    "it does not answer in time",
    "Check the network and the server's load; timeoutMs says how long is waited.",
  ],
  [
    /Connection terminated|unexpected message|Received unexpected/,
    "the connection was cut",
    "Is it PostgreSQL that listens there? Check the port.",
  ],
];

function partsOf(cause: unknown): { readonly code: string | undefined; readonly message: string } {
  if (!(cause instanceof Error)) return { code: undefined, message: String(cause) };
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return { code, message: cause.message };
}
