// Keys and certificates: those that we make, and those that an operator brings.
import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { chmod, mkdtemp, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ownIdentity, readAuthorities, readIdentity } from "../../src/http/identity.ts";
import { selfSigned, validDays } from "../../src/http/self-signed.ts";
import { recorderLog } from "../support/log.ts";

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 7, 1);
const names = ["localhost", "my-host_1", "127.0.0.1", "::1", "2001:db8::5:0:1"];

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "signalbox-identity-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function asked(at = nowMs) {
  const log = recorderLog();
  return { where: "channel X: tls", nowMs: at, log };
}

/** Files as an operator would have them. */
async function brought(t: TestContext, madeMs = nowMs) {
  const path = await folder(t);
  const files = { certificate: join(path, "us.pem"), key: join(path, "us.key") };
  const made = await selfSigned(["localhost"], madeMs);
  await writeFile(files.certificate, made.certificate);
  await writeFile(files.key, made.key, { mode: 0o600 });
  return files;
}

test("a certificate that we make has signed itself, for its names and addresses, for ten years", async () => {
  const { certificate, key } = await selfSigned(names, nowMs);
  const made = new X509Certificate(certificate);
  assert.ok(made.verify(made.publicKey));
  assert.ok(made.checkPrivateKey(createPrivateKey(key)));
  assert.equal(made.issuer, made.subject);
  assert.equal(made.ca, false);
  assert.deepEqual(made.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  for (const name of ["localhost", "my-host_1"]) assert.equal(made.checkHost(name), name);
  for (const ip of ["127.0.0.1", "::1", "2001:db8:0:0:0:5:0:1"]) assert.equal(made.checkIP(ip), ip);
  assert.equal(made.checkHost("elsewhere"), undefined);
  assert.equal(made.checkIP("127.0.0.2"), undefined);
  assert.equal(made.validFromDate.getTime(), nowMs - dayMs);
  assert.equal(made.validToDate.getTime(), nowMs + validDays * dayMs);
  assert.equal(made.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

test("no two certificates have a number in common, and 2050 is no limit", async () => {
  const late = Date.UTC(2045, 0, 1);
  const made = await Promise.all([selfSigned(["a"], late), selfSigned(["a"], late)]);
  const [one, other] = made.map(({ certificate }) => new X509Certificate(certificate));
  assert.notEqual(one?.serialNumber, other?.serialNumber);
  assert.equal(one?.validToDate.getTime(), late + validDays * dayMs);
});

test("[A19] our own certificate is made once and kept, its key for us alone", async (t) => {
  const path = join(await folder(t), "channels", "SMPP_SERVER1");
  const first = asked();
  const made = await ownIdentity(path, names, first);
  assert.equal(((await stat(join(path, "key.pem"))).mode & 0o777).toString(8), "600");
  assert.equal(((await stat(path)).mode & 0o777).toString(8), "700");
  const [line] = first.log.lines;
  assert.equal(line?.["sha256"], new X509Certificate(made.certificate).fingerprint256);
  assert.equal(JSON.stringify(first.log.lines).includes("PRIVATE"), false);

  const second = asked(nowMs + dayMs);
  assert.deepEqual(await ownIdentity(path, names, second), made);
  assert.deepEqual(second.log.lines, []);
});

test("our own certificate is made anew when it is broken, has lost its key or has expired", async (t) => {
  const path = await folder(t);
  const made = await ownIdentity(path, names, asked());
  await unlink(join(path, "key.pem"));
  const second = await ownIdentity(path, names, asked());
  assert.notEqual(second.certificate, made.certificate);
  await writeFile(join(path, "certificate.pem"), made.certificate);
  const third = await ownIdentity(path, names, asked());
  assert.notEqual(third.certificate, made.certificate);
  await writeFile(join(path, "certificate.pem"), "");
  const fourth = await ownIdentity(path, names, asked());
  const late = await ownIdentity(path, names, asked(fourth.validUntilMs));
  assert.notEqual(late.certificate, fourth.certificate);
});

test("a place where nothing can be written is told", async (t) => {
  const path = join(await folder(t), "file");
  await writeFile(path, "");
  await assert.rejects(ownIdentity(join(path, "deeper"), names, asked()), {
    code: "data_directory",
    message: /^channel X: tls: /,
  });
});

test("what an operator brings is taken as it is", async (t) => {
  const files = await brought(t);
  const told = asked();
  const { path, validUntilMs } = await readIdentity(files, told);
  assert.deepEqual([path, validUntilMs], [files.certificate, nowMs + validDays * dayMs]);
  assert.deepEqual(told.log.lines, []);
});

test("[A19] what cannot be used is told in one line that names setting and file", async (t) => {
  const files = await brought(t);
  const other = await brought(t);
  const fails = async (change: Partial<typeof files>, message: RegExp) =>
    assert.rejects(readIdentity({ ...files, ...change }, asked()), (cause: Error) => {
      assert.equal("code" in cause && cause.code, "bad_configuration");
      assert.match(cause.message, message);
      assert.doesNotMatch(cause.message, /\n/);
      return true;
    });
  await fails(
    { certificate: "/no/such" },
    /^channel X: tls\.certificate: there is no file \/no\/such$/,
  );
  await fails({ key: "/no/such" }, /^channel X: tls\.key: there is no file \/no\/such$/);
  await fails({ key: join(files.key, "..") }, /tls\.key: .* cannot be read \(EISDIR\)$/);
  await fails(
    { certificate: files.key },
    /tls\.certificate: .*us\.key holds no certificate in PEM/,
  );
  await fails({ key: files.certificate }, /tls\.key: .*us\.pem holds no private key in PEM form$/);
  await fails({ key: other.key }, /^channel X: tls: the key in .* is not that of .*us\.pem$/);
  const key = createPrivateKey((await readIdentity(files, asked())).key);
  const locked = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  await writeFile(other.key, key.export(locked));
  await fails({ key: other.key }, /tls\.key: .* is locked with a passphrase/);
});

test("[Y10] a key that others may read is warned of", async (t) => {
  const files = await brought(t);
  await chmod(files.key, 0o644);
  const told = asked();
  await readIdentity(files, told);
  assert.deepEqual(
    told.log.lines.map(({ level, key }) => [level, key]),
    [["warn", files.key]],
  );
});

test("an expired certificate is told loudly and used, one that soon expires is warned of", async (t) => {
  const files = await brought(t);
  const levelAt = async (at: number) => {
    const told = asked(at);
    await readIdentity(files, told);
    return told.log.lines.map(({ level }) => level);
  };
  const endMs = nowMs + validDays * dayMs;
  assert.deepEqual(await levelAt(endMs - 31 * dayMs), []);
  assert.deepEqual(await levelAt(endMs - 29 * dayMs), ["warn"]);
  assert.deepEqual(await levelAt(endMs), ["error"]);
});

test("a file of authorities must hold a certificate", async (t) => {
  const files = await brought(t);
  assert.match(await readAuthorities(files.certificate, "x.ca"), /BEGIN CERTIFICATE/);
  await assert.rejects(readAuthorities(files.key, "x.ca"), {
    code: "bad_configuration",
    message: /^x\.ca: .*us\.key holds no certificate in PEM form$/,
  });
});
