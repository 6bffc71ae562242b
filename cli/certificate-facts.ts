import { X509Certificate, createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Refused } from "./failure.ts";

/** What `cert` tells of a certificate. */
export interface CertificateFacts {
  /** `CN=sms.example.org` */
  readonly subject: string;
  /** Names and addresses that a peer may check it for. */
  readonly names: readonly string[];
  readonly issuer: string;
  readonly selfSigned: boolean;
  /** `RSA 4096`, `EC prime256v1` */
  readonly key: string;
  readonly validFromMs: number;
  readonly validUntilMs: number;
  /** Of the whole certificate, in the form of OpenSSL. */
  readonly sha256: string;
  /** Of the public key, as `tls.pins` of a channel takes it: it stays when only the certificate is renewed. */
  readonly pin: string;
  /** Further certificates in the same file. */
  readonly chain?: number;
  /** What was spoken with who showed it. */
  readonly tls?: string;
  /** Whether this machine would trust it for that name, and why not. */
  readonly trusted?: { readonly why: string | undefined };
}

export function factsOf(certificate: string | X509Certificate): CertificateFacts {
  const parsed = typeof certificate === "string" ? new X509Certificate(certificate) : certificate;
  const { publicKey, subjectAltName = "" } = parsed;
  const spki = publicKey.export({ type: "spki", format: "der" });
  return {
    subject: oneLine(parsed.subject),
    names: subjectAltName.split(", ").flatMap((name) => name.replace(/^[^:]+:/, "") || []),
    issuer: oneLine(parsed.issuer),
    selfSigned: parsed.subject === parsed.issuer && parsed.verify(publicKey),
    key: keyWords(publicKey),
    validFromMs: parsed.validFromDate.getTime(),
    validUntilMs: parsed.validToDate.getTime(),
    sha256: parsed.fingerprint256,
    pin: `sha256//${createHash("sha256").update(spki).digest("base64")}`,
  };
}

/** The first certificate of a PEM file. */
export async function readCertificate(path: string): Promise<CertificateFacts> {
  const advice = "Name a PEM file with a certificate.";
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refused(why, advice, { cause });
  }
  try {
    const chain = (text.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 1) - 1;
    return { ...factsOf(text), chain };
  } catch (cause) {
    throw new Refused(`${path} holds no certificate in PEM form`, advice, { cause });
  }
}

function keyWords({ asymmetricKeyType, asymmetricKeyDetails }: X509Certificate["publicKey"]) {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  const more = modulusLength ?? namedCurve;
  return `${asymmetricKeyType?.toUpperCase()}${more === undefined ? "" : ` ${more}`}`;
}

function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(",");
}
