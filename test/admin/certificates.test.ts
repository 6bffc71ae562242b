// What an operator is told about certificates, and when it makes the gateway unwell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateSentences } from "../../src/admin/certificates.ts";

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 7, 1);

function told(certificate: object, warnings: readonly string[] = []) {
  const one = { path: "us.pem", validUntilMs: nowMs + 100 * dayMs, ...certificate };
  return certificateSentences([{ owner: "SMPP1", certificates: [one, one], warnings }], nowMs);
}

test("a certificate is warned of for 30 days, and is a trouble in its last week and after", () => {
  const endingIn = (days: number) => told({ validUntilMs: nowMs + days * dayMs });
  const put = "Put a new one into that file, it is taken at once.";
  assert.deepEqual(endingIn(30), { troubles: [], warnings: [] });
  const soon = `SMPP1 shows a certificate that expires on 2026-08-30: us.pem. ${put}`;
  assert.deepEqual(endingIn(29), { troubles: [], warnings: [soon] });
  const nearer = `SMPP1 shows a certificate that expires on 2026-08-07: us.pem. ${put}`;
  assert.deepEqual(endingIn(6), { troubles: [nearer], warnings: [] });
  const late = `SMPP1 shows a certificate that has expired on 2026-07-31: us.pem. Peers that check it do not connect. ${put}`;
  assert.deepEqual(endingIn(-1), { troubles: [late], warnings: [] });
});

test("[Y10] a key that others may read is warned of, changed files that are not taken are a trouble", () => {
  assert.deepEqual(told({ openKey: "us.key" }).warnings, [
    "SMPP1: other users of this machine may read the key in us.key. `chmod 600` it.",
  ]);
  assert.match(
    told({ refused: "tls.key: there is no file us.key" }).troubles[0] ?? "",
    /us\.key\. /,
  );
  assert.deepEqual(told({}, ["it takes every certificate"]).warnings, [
    "SMPP1: it takes every certificate.",
  ]);
});
