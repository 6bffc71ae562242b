import type { Fetcher } from "../http/fetch.ts";
import { GatewayError } from "../model/error.ts";
import type { Hook, WebhookEndpoint } from "../model/webhook.ts";
import { type CallOutcome, outcomeOfAnswer } from "./retry.ts";
import { signedHeaders } from "./signature.ts";
import { urlTemplateFrom } from "./template.ts";

/** What became of a call, and what was answered. */
export interface Called {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
}

/** Makes one call at this endpoint; never rejects. */
export async function callEndpoint(
  fetcher: Pick<Fetcher, "fetch">,
  endpoint: Pick<WebhookEndpoint, "url" | "form" | "secrets">,
  { id, payload, url: own }: Pick<Hook, "id" | "payload" | "url">,
  nowMs: number,
): Promise<Called> {
  const { url, form, secrets } = endpoint;
  try {
    const signed = signedHeaders({ id, body: payload, secrets }, nowMs);
    const asked =
      form === "get"
        ? {
            url: urlTemplateFrom(url)(payload),
            method: "GET",
            // A signature covers a body, and there is none.
            headers: signed.filter(([name]) => name !== "webhook-signature"),
            body: undefined,
          }
        : {
            url: own ?? url,
            method: "POST",
            headers: [["content-type", "application/json"], ...signed] as const,
            body: payload,
          };
    const more = { timeoutMs: undefined, idempotencyKey: id, statusOnly: true } as const;
    const answer = await fetcher.fetch({ ...asked, ...more });
    return { outcome: outcomeOfAnswer(answer), status: answer.status };
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    // An address that may not be called; the operator can change that and send it again.
    const outcome: CallOutcome =
      cause.code === "fetch_refused"
        ? { do: "giveUp", reason: cause.message }
        : { do: "again", reason: cause.message, afterMs: undefined };
    return { outcome, status: undefined };
  }
}
