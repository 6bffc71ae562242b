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
}

interface Asked {
  /** Whose it is, for errors: `channel SMPP_SERVER1: tls`. */
  readonly where: string;
  readonly nowMs: number;
  readonly log: Log;
}

/** Days before its end at which a certificate is warned of; authorities give them for 90 or less. */
const warnDays = 21;

const dayMs = 86_400_000;

/**
 * Reads the certificate, with the chain behind it if there is one, and its key. Rejects with
 * `bad_configuration` that names the file when one is missing or unreadable, or when they do not
 * belong together. An expired one is told loudly and used: a peer that does not check goes on.
 */
export async function readIdentity(
  files: { readonly certificate: string; readonly key: string },
  asked: Asked,
): Promise<Identity> {
  const { where, log } = asked;
  const certificate = await textOf(files.certificate, `${where}.certificate`);
  const key = await textOf(files.key, `${where}.key`);
  const parsed = certificateIn(certificate, `${where}.certificate: ${files.certificate}`);
  if (!parsed.checkPrivateKey(keyIn(key, `${where}.key: ${files.key}`)))
    throw wrong(`${where}: the key in ${files.key} is not that of ${files.certificate}`);
  const { mode } = await stat(files.key);
  if ((mode & 0o077) !== 0)
    log.warn({ key: files.key }, "other users of this machine may read the key; chmod it to 600");
  const validUntilMs = parsed.validToDate.getTime();
  tellAge({ path: files.certificate, validUntilMs }, asked);
  return { certificate, key, path: files.certificate, validUntilMs };
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
  return { ...made, path: files.certificate, validUntilMs: validToDate.getTime() };
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
    throw wrong(`${where} holds no certificate in PEM form`, cause);
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
