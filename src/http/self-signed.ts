import { generateKeyPair, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { promisify } from "node:util";

/** Both as PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** What a certificate may be told besides its names. */
export interface SelfSignedOptions {
  /** Its common name, at most 64 characters (RFC 5280, ub-common-name). */
  readonly commonName?: string;
  readonly days?: number;
  /**
   * `ec` on P-256: every TLS 1.2 stack knows it, and a handshake costs us a tenth of what RSA costs.
   * `rsa` of 4096 bits, for peers that know nothing else; making one takes seconds.
   */
  readonly keyKind?: "ec" | "rsa";
}

/**
 * Days. A self-signed certificate is trusted by having been given to the peer, so each renewal cuts
 * off everybody who checks it: ten years outlive the machine. Nobody limits the age of one that no
 * authority has signed.
 */
export const validDays = 3_650;

/** A peer whose clock is a day behind finds it valid already. */
const earlierDays = 1;

const dayMs = 86_400_000;

/**
 * Makes a key and a certificate for it that has signed itself (RFC 5280 §4.1), for these names and
 * IP addresses. Node signs; only the envelope is written here, which spares a dozen packages.
 */
export async function selfSigned(
  names: readonly string[],
  nowMs: number,
  options: SelfSignedOptions = {},
): Promise<KeyAndCertificate> {
  const { commonName = "signalbox", days = validDays, keyKind = "ec" } = options;
  const { privateKey, publicKey } =
    keyKind === "ec"
      ? await promisify(generateKeyPair)("ec", { namedCurve: "P-256" })
      : await promisify(generateKeyPair)("rsa", { modulusLength: 4_096 });
  const subject = sequence(set(sequence(oid(COMMON_NAME), tagged(UTF8, Buffer.from(commonName)))));
  const algorithm =
    keyKind === "ec"
      ? sequence(oid(ECDSA_WITH_SHA256))
      : sequence(oid(SHA256_WITH_RSA), tagged(NULL));
  const body = sequence(
    tagged(context(0), integer(Buffer.of(2))), // version 3
    integer(serial()),
    algorithm,
    subject, // who issued it
    sequence(time(nowMs - earlierDays * dayMs), time(nowMs + days * dayMs)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(context(3), sequence(...extensions(names))),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, algorithm, tagged(BIT_STRING, Buffer.of(0), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    certificate: pem(whole),
  };
}

/** What X.690 calls tags and RFC 5280 object identifiers, as far as one certificate needs them. */
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OID = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const context = (number: number): number => 0xa0 + number;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

const COMMON_NAME = "550403";
const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const SHA256_WITH_RSA = "2a864886f70d01010b";
const SUBJECT_ALT_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";
const KEY_USAGE = "551d0f";
const EXTENDED_KEY_USAGE = "551d25";
const SERVER_AUTH = "2b06010505070301";
const CLIENT_AUTH = "2b06010505070302";

/** Its key may show who we are, as server or client, and sign no other certificate. */
function extensions(names: readonly string[]): Buffer[] {
  const critical = tagged(BOOLEAN, Buffer.of(0xff));
  const extension = (id: string, ...rest: readonly Buffer[]): Buffer =>
    sequence(oid(id), ...rest.slice(0, -1), tagged(OCTET_STRING, ...rest.slice(-1)));
  return [
    extension(SUBJECT_ALT_NAME, sequence(...names.map(alternativeName))),
    extension(BASIC_CONSTRAINTS, critical, sequence()),
    // digitalSignature: the first bit, the other seven unused.
    extension(KEY_USAGE, critical, tagged(BIT_STRING, Buffer.of(7, 0x80))),
    extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH), oid(CLIENT_AUTH))),
  ];
}

function alternativeName(name: string): Buffer {
  if (isIPv4(name)) return tagged(IP_ADDRESS, Buffer.from(name.split(".").map(Number)));
  if (isIPv6(name)) return tagged(IP_ADDRESS, ipv6Octets(name));
  return tagged(DNS_NAME, Buffer.from(name, "latin1"));
}

/** The URL parser writes every form in hex groups, with at most one `::`. */
function ipv6Octets(address: string): Buffer {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const hex = [...left, ...zeros, ...right].map((group) => group.padStart(4, "0"));
  return Buffer.from(hex.join(""), "hex");
}

/** 128 bits by chance, positive and without a leading zero (RFC 5280 §4.1.2.2). */
function serial(): Buffer {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}

/** RFC 5280 §4.1.2.5: two digits of the year before 2050, four from then on. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-T:]|\.\d+/g, "");
  return digits < "2050"
    ? tagged(UTC_TIME, Buffer.from(digits.slice(2)))
    : tagged(GENERALIZED_TIME, Buffer.from(digits));
}

function integer(octets: Buffer): Buffer {
  return tagged(INTEGER, octets);
}

function oid(hex: string): Buffer {
  return tagged(OID, Buffer.from(hex, "hex"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(SEQUENCE, ...parts);
}

function set(...parts: readonly Buffer[]): Buffer {
  return tagged(SET, ...parts);
}

/** Tag, length, content: DER's only form (X.690 §10.1); nothing here is longer than 64 KiB. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
