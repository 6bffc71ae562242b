import { X509Certificate, createPrivateKey, type KeyObject } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type KeyAndCertificate, selfSigned } from "./self-signed.ts";

/** By which a server, or a client that is asked, shows who it is. Both as PEM. */
export interface Identity extends KeyAndCertificate {
  /** Where the certificate lies. */
  readonly path: string;
  readonly validUntilMs: number;
  /** The key's file, where other users of this machine may read it. */
  readonly openKey: string | undefined;
}

/** Where an identity lies: in two files, or both in the one that `certificate` names. */
export interface IdentityFiles {
  readonly certificate: string;
  readonly key?: string | undefined;
}

export interface Asked {
  /** Whose it is, for errors: `channel SMPP_SERVER1: tls`. */
  readonly where: string;
  readonly nowMs: number;
  readonly log: Log;
}

/** Days before its end at which a certificate is warned of: by then a renewal has been tried. */
export const warnDays = 30;

const dayMs = 86_400_000;

/**
 * Reads the certificate, with the chain behind it if there is one, and its key. Rejects with
 * `bad_configuration` that names the file when one is missing or unreadable, or when they do not
 * belong together. An expired one is told loudly and used: a peer that does not check goes on.
 */
export async function readIdentity(files: IdentityFiles, asked: Asked): Promise<Identity> {
  const { where, log } = asked;
  const { certificate: path, key: keyPath = path } = files;
  const certificate = await textOf(path, `${where}.certificate`);
  const key = await textOf(keyPath, `${where}.key`);
  const parsed = certificateIn(certificate, `${where}.certificate: ${path}`);
  if (files.key === undefined && !key.includes("PRIVATE KEY"))
    throw wrong(`${where}.key is not set, and ${path} holds no key; name the file with its key`);
  if (!parsed.checkPrivateKey(keyIn(key, `${where}.key: ${keyPath}`)))
    throw wrong(`${where}: the key in ${keyPath} is not that of ${path}`);
  const { mode } = await stat(keyPath);
  const openKey = (mode & 0o077) === 0 ? undefined : keyPath;
  if (openKey !== undefined)
    log.warn({ key: openKey }, "other users of this machine may read the key; chmod it to 600");
  const validUntilMs = parsed.validToDate.getTime();
  tellAge({ path, validUntilMs }, asked);
  return { certificate, key, path, validUntilMs, openKey };
}

/**
 * The certificate of our own in `directory`: made at the first start, or when what lies there is
 * broken or expired. `names` are names and IP addresses. Rejects with `data_directory`.
 */
export async function ownIdentity(
  directory: string,
  names: readonly string[],
  asked: Asked,
): Promise<Identity> {
  const files = {
    certificate: join(directory, "certificate.pem"),
    key: join(directory, "key.pem"),
  };
  const kept = await readIdentity(files, asked).catch(() => undefined);
  if (kept !== undefined && kept.validUntilMs > asked.nowMs) return kept;
  const made = await selfSigned(names, asked.nowMs);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // A certificate without its key, after a crash between the two, is made anew by the next start.
    await keep(files.key, made.key, 0o600);
    await keep(files.certificate, made.certificate, 0o644);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("data_directory", `${asked.where}: ${why}`, { cause });
  }
  const { validToDate, fingerprint256 } = new X509Certificate(made.certificate);
  asked.log.info(
    { certificate: files.certificate, sha256: fingerprint256, names },
    "a certificate was made; whoever connects and checks it needs this file",
  );
  const validUntilMs = validToDate.getTime();
  return { ...made, path: files.certificate, validUntilMs, openKey: undefined };
}

/**
 * Certificates to trust, as PEM. Rejects with `bad_configuration` that names the file when there is
 * none in it.
 */
export async function readAuthorities(path: string, where: string): Promise<string> {
  const text = await textOf(path, where);
  certificateIn(text, `${where}: ${path}`);
  return text;
}

async function textOf(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") throw wrong(`${where}: there is no file ${path}`, cause);
    if (code === "EACCES") throw wrong(`${where}: ${path} may not be read`, cause);
    throw wrong(`${where}: ${path} cannot be read (${String(code)})`, cause);
  }
}

function certificateIn(text: string, where: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw wrong(`${where} holds no certificate in PEM form${binaryAdvice(text)}`, cause);
  }
}

function keyIn(text: string, where: string): KeyObject {
  if (text.includes("ENCRYPTED"))
    throw wrong(`${where} is locked with a passphrase; keep it without one, readable by you alone`);
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw wrong(`${where} holds no private key in PEM form`, cause);
  }
}

/** DER begins with a SEQUENCE (X.690): a certificate alone, or a PKCS#12 container. */
function binaryAdvice(text: string): string {
  return text.startsWith("0") && !text.includes("-----BEGIN")
    ? "; of PKCS#12 `openssl pkcs12 -nodes -in THAT -out ours.pem` makes it"
    : "";
}

function tellAge(
  { path, validUntilMs }: { readonly path: string; readonly validUntilMs: number },
  { nowMs, log }: Asked,
): void {
  const facts = { certificate: path, until: new Date(validUntilMs).toISOString() };
  if (validUntilMs <= nowMs)
    log.error(facts, "the certificate has expired: peers that check it will not connect");
  else if (validUntilMs - nowMs < warnDays * dayMs) log.warn(facts, "the certificate expires soon");
}

/** Whole or not at all, also when the power fails, and never for a moment readable by others. */
async function keep(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode, flush: true });
  await rename(`${path}.new`, path);
}

function wrong(text: string, cause?: unknown): GatewayError {
  return new GatewayError("bad_configuration", text, { cause });
}
