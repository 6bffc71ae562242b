// Certificates that the command line makes and shows.
import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { once } from "node:events";
import { createServer } from "node:tls";
import { parse } from "yaml";
import { channelSettings } from "../../src/channel/catalog.ts";
import { signalbox } from "./cli.ts";

const dayMs = 86_400_000;

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "signalbox-cert-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("[Y10] a self-signed certificate has RSA 4096 for 365 days, a key for us alone, and overwrites nothing", async (t) => {
  const out = join(await folder(t), "tls");
  const names = ["--name", "sms.example.org", "--name", "127.0.0.1"];
  const made = await signalbox(["cert", "self-signed", ...names, "--out", out]);
  assert.equal(made.code, 0, made.err);
  const [certificate, key] = [join(out, "certificate.pem"), join(out, "key.pem")];
  const parsed = new X509Certificate(await readFile(certificate));
  const secret = createPrivateKey(await readFile(key));
  assert.ok(parsed.verify(parsed.publicKey) && parsed.checkPrivateKey(secret));
  assert.equal(parsed.subject, "CN=sms.example.org");
  assert.equal(parsed.checkHost("sms.example.org"), "sms.example.org");
  assert.equal(parsed.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(parsed.publicKey.asymmetricKeyDetails?.modulusLength, 4_096);
  const days = (parsed.validToDate.getTime() - Date.now()) / dayMs;
  assert.ok(days > 364 && days <= 365, String(days));
  assert.equal(await modeOf(key), "600");
  // The lines that are told are ones that a channel takes.
  const lines: unknown = parse(made.out.slice(made.out.indexOf("    certificate:")));
  const settings = channelSettings.parse({ type: "smpp-server", tls: lines });
  assert.ok(settings.type === "smpp-server" && settings.tls?.certificate === certificate);

  const before = await readFile(key, "utf8");
  const again = await signalbox(["cert", "self-signed", ...names, "--out", out, "--key", "ec"]);
  assert.equal(again.code, 1);
  assert.match(again.err, /key\.pem is there already\. Name another folder/);
  assert.equal(await readFile(key, "utf8"), before);
});

test("[Y10] a certificate is shown from a file and from who speaks TLS, with the pin of its key", async (t) => {
  const out = await folder(t);
  const kind = ["--key", "ec", "--days", "9"];
  const names = ["--name", "localhost", "--out", out];
  const made = await signalbox(["--json", "cert", "self-signed", ...names, ...kind]);
  const { pin, sha256 }: Record<string, unknown> = JSON.parse(made.out);
  const file = join(out, "certificate.pem");
  const shown = await signalbox(["cert", "show", file]);
  assert.match(shown.out, /^names +localhost$/m);
  assert.match(shown.out, /^signed by +itself$/m);
  assert.match(shown.out, /^key +EC prime256v1$/m);
  assert.match(shown.out, /, [89] days left$/m);
  assert.ok(shown.out.includes(String(pin)) && shown.out.includes(String(sha256)));

  const [cert, key] = await Promise.all([readFile(file), readFile(join(out, "key.pem"))]);
  const server = createServer({ cert, key }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const at = server.address();
  const port = at !== null && typeof at === "object" ? at.port : 0;
  const asked = await signalbox(["cert", "show", `127.0.0.1:${port}`]);
  assert.equal(asked.code, 0, asked.err);
  assert.ok(asked.out.includes(String(pin)));
  assert.match(asked.out, /^spoken +TLSv1\.3, TLS_/m);
  assert.match(asked.out, /^trusted +no: DEPTH_ZERO_SELF_SIGNED_CERT$/m);
});

test("what is no certificate, and nobody there, are told in one line", async (t) => {
  const path = join(await folder(t), "text.pem");
  await writeFile(path, "no certificate");
  const told = async (where: string) => {
    const { err, code } = await signalbox(["cert", "show", where]);
    return `${code} ${err}`;
  };
  assert.match(await told(path), /^1 signalbox: .*text\.pem holds no certificate in PEM form\. /);
  assert.match(
    await told("/no/such"),
    /^2 signalbox: there is no file \/no\/such, and it is no host:port/,
  );
  assert.match(
    await told("127.0.0.1:1"),
    /^1 signalbox: no certificate of 127\.0\.0\.1:1: .*ECONNREFUSED/,
  );
  const named = await signalbox(["cert", "self-signed", "--name", "a b", "--out", path]);
  assert.equal(named.code, 2);
});
