import { z } from "../config/schema.ts";
import { createAddressGuard } from "../http/private-address.ts";
import { GatewayError } from "../model/error.ts";

const key = z.string().min(32).max(1_000).meta({ secret: true }).optional();

export const webhookSettings = z
  .strictObject({
    allowPrivate: z
      .array(
        z.string().superRefine((entry, context) => {
          try {
            createAddressGuard([entry]);
          } catch (cause) {
            if (!(cause instanceof GatewayError)) throw cause;
            context.addIssue({ code: "custom", message: cause.message });
          }
        }),
      )
      .max(100)
      .default([])
      .describe(
        "Networks that are not public and in which customers' URLs may be all the same, such as `10.1.0.0/16`.",
      ),
    timeoutMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("How long one call of a URL may take in all, until its status is there."),
    requestsMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(256)
      .meta({ unit: "requests" })
      .describe("Calls under way in all; others wait for their turn."),
    requestsPerEndpointMax: z
      .int()
      .min(1)
      .max(1_000)
      .default(32)
      .meta({ unit: "requests" })
      .describe("The same at one endpoint, so that a slow one leaves room for others."),
    waitingMax: z
      .int()
      .min(1_000)
      .max(100_000_000)
      .default(1_000_000)
      .meta({ unit: "calls" })
      .describe(
        "Calls that may wait for one endpoint, in the database; above it what is new is given up at once, for `signalbox webhook resend`.",
      ),
    secretsKey: key.describe(
      "Seals the secrets of webhooks in the database; such as `openssl rand -base64 32` makes it. Without it they are there in clear.",
    ),
    secretsKeyBefore: key.describe(
      "The key before this one: opens what that has sealed, until the next start has sealed it anew.",
    ),
  })
  .refine(
    ({ secretsKey, secretsKeyBefore }) =>
      secretsKeyBefore === undefined || secretsKey !== undefined,
    { error: "is for `secretsKey`, which is not set", path: ["secretsKeyBefore"] },
  )
  .prefault({})
  .describe(
    "How customers are told at their own URLs; the URLs are set by `signalbox webhook add`.",
  );

export type WebhookSettings = z.infer<typeof webhookSettings>;
