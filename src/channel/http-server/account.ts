import { ERRORS, type ErrorEntry, GatewayError } from "../../model/error.ts";
import { standardOptions } from "../../model/account-options.ts";
import type { ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { deskOf, timeOf } from "./messages.ts";
import { account, balance, callbackSecret, errorPage } from "./read-schemas.ts";

/** What a customer may know of himself, and what our errors mean. */
export const accountRoutes: ApiRoutes = (routes, { host, callers }) => {
  routes.get(
    "/v1/account",
    { schema: { response: { 200: jsonOf(account, "output") } }, onRequest: callers.need("read") },
    async (request) => {
      const { account: id, scopes } = callers.of(request);
      const { rate } = host.optionsOf?.(id) ?? standardOptions;
      return { id, ...(await creditsOf(id)), ...(rate === "" ? {} : { rate }), scopes };
    },
  );

  routes.get(
    "/v1/balance",
    { schema: { response: { 200: jsonOf(balance, "output") } }, onRequest: callers.need("read") },
    (request) => creditsOf(callers.of(request).account),
  );

  routes.post(
    "/v1/callback-secret",
    {
      schema: { response: { 200: jsonOf(callbackSecret, "output") } },
      onRequest: callers.need("admin"),
    },
    async (request) => {
      const { account: id, by } = callers.of(request);
      const { secret, oldUntilMs } = await deskOf(host).callbacks.newSecret(id);
      host.log.info({ account: id, by }, "callback_url has a new secret");
      return { secret, old_until: timeOf(oldUntilMs) };
    },
  );

  routes.get<{ Params: { code: string } }>(
    "/v1/errors/:code",
    { schema: { response: { 200: jsonOf(errorPage, "output") } } },
    async ({ params: { code } }) => {
      const all: Readonly<Record<string, ErrorEntry>> = ERRORS;
      const entry = Object.hasOwn(all, code) ? all[code] : undefined;
      if (entry === undefined) throw new GatewayError("unknown_path", "There is no such error.");
      const { http, smpp, retry, advice } = entry;
      return {
        code,
        ...(http === undefined ? {} : { status: http }),
        ...(smpp === undefined ? {} : { smpp_status: smpp }),
        retryable: retry === "later",
        advice,
      };
    },
  );

  async function creditsOf(id: string): Promise<{ readonly credits: number }> {
    const credits = await deskOf(host).credits(id);
    // Triggers may let in who is no account of ours: his purse is elsewhere.
    if (credits === undefined)
      throw new GatewayError("unknown_account", "No credits are kept here.");
    return { credits };
  }
};
