import { warnDays } from "../http/identity.ts";
import type { CertificateView } from "../model/view.ts";

/** Days before its end at which a certificate is a trouble: whoever renews it has failed for weeks. */
const troubleDays = 7;

const dayMs = 86_400_000;

/** Certificates of a channel or of the admin port. */
export interface Shown {
  /** As it stands before a sentence: `SMPP_SERVER1`, `The admin port`. */
  readonly owner: string;
  readonly certificates?: readonly CertificateView[] | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/** What an operator has to do about certificates, as sentences for the status. */
export function certificateSentences(
  all: readonly Shown[],
  nowMs: number,
): { readonly troubles: readonly string[]; readonly warnings: readonly string[] } {
  const troubles: string[] = [];
  const warnings: string[] = [];
  for (const { owner, certificates = [], warnings: told = [] } of all) {
    warnings.push(...told.map((text) => `${owner}: ${text}.`));
    // Two listeners may show the same one.
    const seen = new Set<string>();
    for (const { path, validUntilMs, openKey, refused } of certificates) {
      if (refused !== undefined)
        troubles.push(
          `${owner} still shows its certificate of before, since the changed files cannot be used: ${refused}. Mend them, they are taken at once.`,
        );
      if (seen.has(path)) continue;
      seen.add(path);
      const leftMs = validUntilMs - nowMs;
      const day = new Date(validUntilMs).toISOString().slice(0, 10);
      const put = "Put a new one into that file, it is taken at once.";
      if (leftMs <= 0)
        troubles.push(
          `${owner} shows a certificate that has expired on ${day}: ${path}. Peers that check it do not connect. ${put}`,
        );
      else if (leftMs < warnDays * dayMs)
        (leftMs < troubleDays * dayMs ? troubles : warnings).push(
          `${owner} shows a certificate that expires on ${day}: ${path}. ${put}`,
        );
      if (openKey !== undefined)
        warnings.push(
          `${owner}: other users of this machine may read the key in ${openKey}. \`chmod 600\` it.`,
        );
    }
  }
  return { troubles, warnings };
}
