import { access, constants, mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { wholeNumber } from "./argument.ts";
import { type CertificateFacts, factsOf, readCertificate } from "./certificate-facts.ts";
import { fetchCertificate } from "./certificate-fetch.ts";
import { Refused, WrongArguments } from "./failure.ts";
import { answer, pairs, paint } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";

/** Names of one certificate; browsers and peers choke on far more. */
const namesMax = 100;

/** Days; longer than a century no clock of a certificate can be trusted to count. */
const daysMax = 36_500;

interface SelfSignedOptions {
  readonly name: readonly string[];
  readonly out: string;
  readonly key: "rsa" | "ec";
  readonly days: number;
}

interface ShowOptions {
  readonly name?: string;
}

/** `signalbox cert ...` */
export function addCert(program: Command): void {
  const cert = program.command("cert").description("certificates for TLS");
  cert
    .command("self-signed")
    .description("make a key, and a certificate that has signed itself, for peers who are given it")
    .requiredOption(
      "--name <name>",
      "what peers call us, or an address; may be repeated",
      named,
      [],
    )
    .requiredOption(
      "--out <dir>",
      "folder for certificate.pem and key.pem; made if it is not there",
    )
    .addOption(
      new Option("--key <kind>", "rsa of 4096 bits, or ec on P-256, which is quicker for us")
        .choices(["rsa", "ec"])
        .default("rsa"),
    )
    .option("--days <days>", "how long it is valid", wholeNumber(1, daysMax), 365)
    .action(async (own: SelfSignedOptions, command: Command) => {
      const made = await make(own);
      answer(
        command.optsWithGlobals<GlobalOptions>(),
        made,
        madeWords,
        "Give certificate.pem to your peers, and the key to nobody.",
      );
    });
  cert
    .command("show")
    .description("tell what a certificate says, and the pin of its key")
    .argument("<where>", "a PEM file, or host:port of who speaks TLS there")
    .option("--name <name>", "the name to ask host:port for, if it is not the host's")
    .action(async (where: string, own: ShowOptions, command: Command) => {
      const facts = await look(where, own.name);
      answer(command.optsWithGlobals<GlobalOptions>(), facts, words);
    });
}

/** Neither file may be there: whoever has the old certificate would be cut off. */
async function make({ name: names, out, key: keyKind, days }: SelfSignedOptions) {
  const files = { certificate: join(out, "certificate.pem"), key: join(out, "key.pem") };
  const advice = "Name another folder, or move the old files away first.";
  for (const path of [files.key, files.certificate])
    if (await isThere(path)) throw new Refused(`${path} is there already`, advice);
  // Only here: no other command makes keys.
  const { selfSigned } = await import("../src/http/self-signed.ts");
  const [first = ""] = names;
  const commonName = first.length > 64 ? "signalbox" : first;
  const made = await selfSigned(names, Date.now(), { commonName, days, keyKind });
  try {
    await mkdir(out, { recursive: true, mode: 0o700 });
    await writeFile(files.key, made.key, { mode: 0o600, flag: "wx", flush: true });
    await writeFile(files.certificate, made.certificate, { mode: 0o644, flag: "wx", flush: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refused(why, "Nothing that was there has been changed.", { cause });
  }
  return { files, ...factsOf(made.certificate) };
}

async function look(where: string, name: string | undefined): Promise<CertificateFacts> {
  // A file of that name is meant, whatever it looks like.
  if (await isThere(where)) return readCertificate(where);
  const at = /^(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(where);
  const host = at?.[1] ?? at?.[2];
  const port = Number(at?.[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw new WrongArguments(`there is no file ${where}, and it is no host:port`);
  return fetchCertificate({ host, port, name });
}

async function isThere(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

function named(name: string, before: readonly string[]): readonly string[] {
  if (isIP(name) === 0 && !/^(\*\.)?[A-Za-z0-9._-]{1,251}$/.test(name))
    throw new InvalidArgumentError("That is no name.");
  if (before.length === namesMax) throw new InvalidArgumentError(`At most ${namesMax}.`);
  return [...before, name];
}

function madeWords(made: Awaited<ReturnType<typeof make>>): string {
  const { certificate, key } = made.files;
  return [
    words(made),
    "",
    "For signalbox.yaml, in `tls` of a channel or of `admin`:",
    `    certificate: ${JSON.stringify(certificate)}`,
    `    key: ${JSON.stringify(key)}`,
  ].join("\n");
}

function words(facts: CertificateFacts): string {
  const rows: (readonly [string, string])[] = [
    ["for", facts.subject],
    ["names", facts.names.length === 0 ? paint("yellow", "none") : facts.names.join(", ")],
    ["signed by", facts.selfSigned ? "itself" : facts.issuer],
    ["key", facts.key],
    ["valid from", day(facts.validFromMs)],
    ["valid until", until(facts.validUntilMs)],
    ["sha256", facts.sha256],
    ["pin", facts.pin],
  ];
  if (facts.chain !== undefined) rows.push(["chain", `${facts.chain} more`]);
  const { tls, trusted } = facts;
  if (tls !== undefined) rows.push(["spoken", tls]);
  if (trusted !== undefined)
    rows.push([
      "trusted",
      trusted.why === undefined ? paint("green", "yes") : paint("red", `no: ${trusted.why}`),
    ]);
  return pairs(rows);
}

function until(ms: number): string {
  const left = Math.floor((ms - Date.now()) / 86_400_000);
  if (left < 0) return paint("red", `${day(ms)}, expired`);
  return `${day(ms)}, ${left === 1 ? "1 day" : `${left} days`} left`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
