import { z } from "../config/schema.ts";
import { hostListFrom } from "../http/host-list.ts";
import { createAddressGuard } from "../http/private-address.ts";
import { GatewayError } from "../model/error.ts";

/** The fault of what a reader of ours does not take. */
function readBy(read: (entry: string) => unknown): z.ZodType<string, string> {
  return z.string().superRefine((entry, context) => {
    try {
      read(entry);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      context.addIssue({ code: "custom", message: cause.message });
    }
  });
}

/** Milliseconds that one request may take at most, whatever its script says: a status has 30 s. */
export const fetchTimeoutMsMax = 30_000;

export const fetchSettings = z
  .strictObject({
    hosts: z
      .array(readBy((entry) => hostListFrom([entry])))
      .max(1_000)
      .default([])
      .describe(
        "Hosts that triggers may ask by `http.fetch`: `api.example.com`, `*.example.org`, `api.example.com:8443`; with `http://` in front for one without encryption.",
      ),
    allowPrivate: z
      .array(readBy((entry) => createAddressGuard([entry])))
      .max(100)
      .default([])
      .describe(
        "Networks that are not public and that these hosts may be in all the same, such as `10.1.0.0/16`.",
      ),
    timeoutMs: z
      .int()
      .min(10)
      .max(fetchTimeoutMsMax)
      .default(1_500)
      .meta({ unit: "ms" })
      .describe("How long a request may take in all when its script does not say."),
    octetsMax: z
      .int()
      .min(1_024)
      .max(16 * 1024 * 1024)
      .default(256 * 1024)
      .meta({ unit: "octets" })
      .describe("Of the body of a request, and of that of an answer."),
    requestsMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(128)
      .meta({ unit: "requests" })
      .describe("Requests under way in all; above it a script's call fails."),
    requestsPerTriggerMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(32)
      .meta({ unit: "requests" })
      .describe("The same of one trigger, so that one slow service leaves room for others."),
  })
  .prefault({})
  .describe("Which web services triggers may ask.");

export type FetchServiceSettings = z.infer<typeof fetchSettings>;
