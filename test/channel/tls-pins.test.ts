// A provider who is known by his key, and one whom nobody checks.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { channelSettings } from "../../src/channel/catalog.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import { systemClock } from "../../src/model/clock.ts";
import { client, files, host, own, server, tlsPort, troubleOf } from "./tls-peers.ts";

function pinOf(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return `sha256//${createHash("sha256").update(key).digest("base64")}`;
}

const other = `sha256//${"A".repeat(43)}=`;

test("[Y15] a provider is taken by his key, with or without a look at his certificate", async (t) => {
  const { folder, certificate } = await files(t);
  await using provider = await server(own, {}, { folder });
  const port = tlsPort(provider);
  const pins = [other, pinOf(certificate)];
  {
    await using ours = await client(port, { ca: "us.pem", pins }, { folder });
    await ours.room();
  }
  {
    // By the key alone: nothing is left to warn of.
    await using ours = await client(port, { verify: false, pins });
    await ours.room();
    assert.deepEqual(ours.channel.view().warnings, []);
    assert.equal(ours.channel.view().detail, `1 of 1 bound to ${host}:${port} with TLS`);
  }
  // A right key does not stand for a wrong certificate.
  await using ours = await client(port, { pins });
  assert.match(await troubleOf(ours), /^its certificate has signed itself/);
  assert.deepEqual(provider.events.bind.length, 2);
});

test("[Y15] a provider with another key never hears the password, and the key that he showed is told", async (t) => {
  const { folder, certificate } = await files(t);
  await using provider = await server(own, {}, { folder });
  await using ours = await client(tlsPort(provider), { ca: "us.pem", pins: [other] }, { folder });
  const trouble = await troubleOf(ours);
  assert.ok(trouble.startsWith("its key is none of tls.pins: it shows "), trouble);
  assert.ok(trouble.includes(pinOf(certificate)), trouble);
  assert.deepEqual(provider.events.bind, []);
  const bad = {
    type: "smpp-client",
    host,
    systemId: "us",
    password: "x",
    tls: { pins: ["sha256//x"] },
  };
  assert.equal(channelSettings.safeParse(bad).success, false);
});

test("[Y15] a provider whom nobody checks is told loudly, in the log and as long as it lasts", async () => {
  await using provider = await server();
  const port = tlsPort(provider);
  await using ours = await client(port, { verify: false });
  await ours.room();
  const { detail, warnings = [] } = ours.channel.view();
  assert.equal(detail, `1 of 1 bound to ${host}:${port} with TLS, unchecked`);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? "",
    /^it takes every certificate .* tls\.ca or its key in tls\.pins$/,
  );
  assert.equal((await ours.logged(warnings[0] ?? "")).level, "warn");
});

test("an authority that is renewed is trusted with the next connection", async (t) => {
  const { folder, certificate } = await files(t);
  await using provider = await server(own, {}, { folder });
  const stranger = await selfSigned(["else"], systemClock.nowMs());
  await writeFile(join(folder, "trusted.pem"), stranger.certificate);
  await using ours = await client(
    tlsPort(provider),
    { ca: "trusted.pem" },
    { folder, more: { reconnectMs: 10, reconnectMostMs: 100 } },
  );
  assert.match(await troubleOf(ours), /^its certificate has signed itself/);
  await writeFile(join(folder, "trusted.pem"), certificate);
  await ours.room();
});
