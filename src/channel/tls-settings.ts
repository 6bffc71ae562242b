import { z } from "../config/schema.ts";

const file = z.string().min(1).optional();

/** A key may lie in the certificate's own file, a certificate never in the key's. */
const pair = {
  check: (one: { certificate?: string | undefined; key?: string | undefined }): boolean =>
    one.key === undefined || one.certificate !== undefined,
  message: { error: "is the key of no certificate: set `certificate` too", path: ["key"] },
};

const keyFile = file.describe(
  "PEM file with its key, without a passphrase; left out when it lies in the same file.",
);

const domain = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/, "a name in lower case; `*.` stands for one label");

const context = z
  .strictObject({
    domains: z
      .array(domain)
      .min(1)
      .max(100)
      .describe("Names that a peer may ask for; `*.example.org` is each name one label longer."),
    certificate: z
      .string()
      .min(1)
      .describe("PEM file with the certificate for them, and what signed it."),
    key: keyFile,
  })
  .describe("Certificates for peers that ask for a name (SNI); the others see `certificate`.");

const shown = {
  certificate: file.describe(
    "PEM file with the certificate and what signed it; without it one is made at the first start.",
  ),
  key: keyFile,
  minVersion: z
    .enum(["TLSv1.2", "TLSv1.3"])
    .default("TLSv1.2")
    .describe("The oldest TLS that is spoken."),
  contexts: z.array(context).max(1_000).default([]),
  clients: z
    .strictObject({
      ca: z.string().min(1).describe("PEM file with who signs the customers' certificates."),
      require: z
        .boolean()
        .default(true)
        .describe("false: a customer without a certificate of theirs may come too."),
    })
    .optional()
    .describe("Asks customers for a certificate; triggers see its subject as `bind.tlsSubject`."),
};

interface Shown {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly contexts: readonly { readonly domains: readonly string[] }[];
}

/** What goes wrong when one name leads to two certificates is not seen until somebody connects. */
const distinct = {
  check: ({ contexts }: Shown): boolean => {
    const all = contexts.flatMap(({ domains }) => domains);
    return new Set(all).size === all.length;
  },
  message: { error: "name a domain twice", path: ["contexts"] },
};

/** For one of the `listeners`, which has a port of its own. */
export const listenerTlsSettings = z
  .strictObject(shown)
  .refine(pair.check, pair.message)
  .refine(distinct.check, distinct.message)
  .describe("Takes connections with TLS only; `{}` with a certificate of our own.");

export type ListenerTlsSettings = z.infer<typeof listenerTlsSettings>;

/** For a channel that is connected to, beside its plain port. */
export const serverTlsSettings = z
  .strictObject({
    port: z.int().min(0).max(65_535).default(2776).describe("TCP port; 0 takes a free one."),
    ...shown,
  })
  .refine(pair.check, pair.message)
  .refine(distinct.check, distinct.message)
  .describe("Listens for customers with TLS too, on the same addresses.");

/** For a channel that connects. */
export const clientTlsSettings = z
  .union([
    z.boolean(),
    z
      .strictObject({
        ca: file.describe(
          "PEM file with the certificates that are trusted, instead of those that everybody trusts.",
        ),
        serverName: z
          .string()
          .min(1)
          .max(253)
          .optional()
          .describe("The name that must stand in the certificate; `host` by default."),
        pins: z
          .array(
            z
              .string()
              .regex(
                /^sha256\/\/[A-Za-z0-9+/]{43}=$/,
                "`sha256//` and 44 characters, as `signalbox cert show <host:port>` prints them",
              ),
          )
          .max(20)
          .default([])
          .describe(
            "SHA-256 of the public keys that the provider may show; several, for when one is renewed.",
          ),
        verify: z
          .boolean()
          .default(true)
          .describe(
            "false takes every certificate: nobody listens in, but anybody may answer. With `pins` these alone decide.",
          ),
        certificate: file.describe("PEM file, for a provider that asks who we are."),
        key: keyFile,
      })
      .refine(pair.check, pair.message),
  ])
  .default(false)
  .describe(
    "Connects with TLS: `true` checks the provider's certificate as browsers do, or say how with these.",
  );

export type ClientTlsSettings = z.infer<typeof clientTlsSettings>;
