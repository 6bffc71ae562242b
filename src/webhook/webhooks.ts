import { createFetch } from "../http/fetch.ts";
import { createAddressGuard } from "../http/private-address.ts";
import type { KeptOptions } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Meter, Readings } from "../model/meter.ts";
import {
  type Announcer,
  type Callbacks,
  type DeadHookView,
  type WebhookEndpoint,
  type WebhookTestView,
  type WebhookView,
} from "../model/webhook.ts";
import type { Store, WhichDead } from "../store/store.ts";
import { createAnnouncer } from "./announce.ts";
import { callbackEndpoint, checkCallback } from "./callback.ts";
import { callEndpoint } from "./caller.ts";
import { type DispatcherParts, createDispatcher } from "./dispatcher.ts";
import { type EndpointWish, changed, madeOf, rotated } from "./endpoint.ts";
import { createSeal } from "./seal.ts";
import type { WebhookSettings } from "./settings.ts";

/** Endpoints of one account, and of all. */
const endpointsPerAccountMax = 10;
const endpointsMax = 10_000;

/** ms. The secret before signs beside a new one that a customer has asked for himself. */
const keepOldMs = 86_400_000;

/** Octets of a body that we send: a message of 255 parts is 40 KiB. */
const octetsMax = 256 * 1_024;

/** Calls to try with that may be under way besides. */
const testsMax = 16;

/** ms. What is under way at a stop may end; what then has not is called again after the next start. */
const stopMs = 2_000;

export type { EndpointWish } from "./endpoint.ts";

/** Tells customers at their own URLs what happens to their messages. */
export interface Webhooks {
  readonly announce: Announcer;
  readonly callbacks: Callbacks;
  /** Starts calling, with what an earlier start left. */
  takeUp(): Promise<void>;
  list(account?: string): Promise<WebhookView[]>;
  /** With its secret, which is not shown again. Rejects with `bad_request`. */
  add(wish: EndpointWish): Promise<{ readonly endpoint: WebhookView; readonly secret: string }>;
  /** Gives how many calls were still to be made; nobody will. All below reject with `unknown_webhook`. */
  remove(id: string): Promise<{ readonly dropped: number }>;
  change(
    id: string,
    change: Partial<EndpointWish> & { readonly enabled?: boolean },
  ): Promise<WebhookView>;
  /** A new secret; the one before signs too for so long. */
  rotate(
    id: string,
    keepOldMs: number,
  ): Promise<{ readonly secret: string; readonly oldUntilMs: number }>;
  /** Calls it at once with an event that means nothing. */
  test(id: string): Promise<WebhookTestView>;
  dead(limit: number, endpoint?: string): Promise<DeadHookView[]>;
  /** Gives how many are to be told again. */
  resend(which: WhichDead): Promise<{ readonly calls: number }>;
  /** What is kept has changed under our feet: numbers were erased. */
  reread(): void;
  readings(): NonNullable<Readings["webhooks"]>;
  stop(): Promise<void>;
}

/** Rejects with `bad_configuration` when secrets were sealed with a key that is not in the settings. */
export async function openWebhooks(parts: {
  readonly settings: WebhookSettings;
  readonly store: Pick<Store, "webhooks" | "writer">;
  readonly optionsOf: (account: string) => KeptOptions;
  readonly takenOn: (channel: string) => "SENT" | "DELIVERED" | undefined;
  readonly taken: DispatcherParts["taken"];
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly newId: () => string;
  /** Other times and other luck, for tests. */
  readonly pace?: { readonly retryFirstMs?: number; readonly openFirstMs?: number };
  readonly chance?: () => number;
}): Promise<Webhooks> {
  const { settings, store, clock, log, meter, newId, chance = Math.random, pace = {} } = parts;
  const { webhooks: table, writer } = store;
  const { allowPrivate, timeoutMs, requestsMax, secretsKey, secretsKeyBefore } = settings;
  const guard = createAddressGuard(allowPrivate);
  const fetcher = createFetch({
    hosts: undefined,
    allowPrivate,
    timeoutMs,
    octetsMax,
    requestsMax: requestsMax + testsMax,
  });
  const endpoints = new Map<string, WebhookEndpoint>();
  let tellable: ReadonlyMap<string, readonly WebhookEndpoint[]> = new Map();
  let callbacks: ReadonlyMap<string, WebhookEndpoint> = new Map();
  /** Changes go one after the other, so that each builds on the one before. */
  let changing: Promise<unknown> = Promise.resolve();
  const seal = createSeal([secretsKey, secretsKeyBefore].filter((key) => key !== undefined));
  for (const kept of await table.endpoints()) {
    const endpoint = seal.opened(kept);
    endpoints.set(endpoint.id, endpoint);
    if (seal.isOld(kept)) await table.put(seal.sealed(endpoint));
  }
  sort();
  const dispatcher = createDispatcher({
    table,
    writer,
    fetcher,
    endpoint: (id) => endpoints.get(id),
    taken: parts.taken,
    disable(id, why) {
      disable(id, why).catch((cause: unknown) =>
        log.error({ webhook: id, err: cause }, "a webhook could not be disabled"),
      );
    },
    limits: { ...settings, ...pace },
    clock,
    log,
    meter,
    chance,
  });

  return {
    announce: createAnnouncer({
      endpointsOf: (account) => tellable.get(account),
      callbacksOf(account) {
        const endpoint = callbacks.get(account);
        return endpoint?.disabled === undefined ? endpoint : undefined;
      },
      isFull: dispatcher.isFull,
      optionsOf: parts.optionsOf,
      takenOn: parts.takenOn,
      newId,
      clock,
    }),
    callbacks: {
      check(account, url) {
        checkCallback(url, callbacks.get(account), guard);
      },
      ready: (account) =>
        callbacks.has(account) ? undefined : inTurn(async () => void (await callbackOf(account))),
      newSecret: (account) =>
        inTurn(async () => rotate(await callbackOf(account), clock.nowMs() + keepOldMs)),
    },
    async takeUp() {
      const lost = await table.sweepLost();
      if (lost > 0) log.warn({ calls: lost }, "forgotten: their webhooks are gone");
      dispatcher.takeUp(await table.counts());
    },
    async list(account) {
      const counts = await table.counts();
      const all = [...endpoints.values()].filter(
        (one) => account === undefined || one.account === account,
      );
      return all.map((one) => viewOf(one, counts.get(one.id)));
    },
    add: (wish) =>
      inTurn(async () => {
        const mine = [...endpoints.values()].filter(
          ({ account, form }) => account === wish.account && form !== "callback",
        );
        if (mine.length >= endpointsPerAccountMax)
          throw wrong(`${wish.account} has ${endpointsPerAccountMax} webhooks, which is the most.`);
        checkRoom();
        const endpoint = madeOf(wish, { id: newId(), nowMs: clock.nowMs(), guard });
        await keep(endpoint);
        return { endpoint: viewOf(endpoint), secret: endpoint.secrets[0]?.secret ?? "" };
      }),
    remove: (id) =>
      inTurn(async () => {
        const { id: full } = known(id);
        endpoints.delete(full);
        sort();
        dispatcher.forget(full);
        return { dropped: await table.remove(full) };
      }),
    change: (id, change) =>
      inTurn(async () => {
        const endpoint = changed(known(id), change, guard);
        await keep(endpoint);
        dispatcher.look(endpoint.id, 0);
        return viewOf(endpoint, (await table.counts()).get(endpoint.id));
      }),
    rotate: (id, keepOldMs) => inTurn(() => rotate(known(id), clock.nowMs() + keepOldMs)),
    async test(id) {
      const endpoint = known(id);
      if (endpoint.form === "callback") throw wrong("Its messages name their URLs themselves.");
      const call = newId();
      const at = new Date(clock.nowMs()).toISOString();
      const { account } = endpoint;
      const data = { account, id: call, message_id: call, status: "TEST" };
      const told = { id: call, type: "webhook.test", created_at: at, api_version: "1", data };
      const startMs = clock.tickMs();
      const payload = JSON.stringify(told);
      const { outcome, status } = await callEndpoint(
        fetcher,
        endpoint,
        { id: call, payload },
        clock.nowMs(),
      );
      const tookMs = Math.round(clock.tickMs() - startMs);
      const error = outcome.do === "done" ? undefined : outcome.reason;
      return { ok: outcome.do === "done", status, tookMs, error };
    },
    async dead(limit, id) {
      return table.dead(limit, id === undefined ? undefined : known(id).id);
    },
    async resend({ id, endpoint }) {
      const of = endpoint === undefined ? undefined : known(endpoint).id;
      const revived = await table.resend({ id, endpoint: of });
      let calls = 0;
      for (const [which, count] of revived) {
        calls += count;
        dispatcher.look(which, count);
      }
      if (id !== undefined && calls === 0)
        throw new GatewayError("unknown_dead_letter", `There is no dead call ${id}.`);
      return { calls };
    },
    reread: () => dispatcher.leaveAll(),
    readings: () =>
      [...endpoints.values()].map(({ id, account }) => {
        const { waiting, breaker } = dispatcher.facts(id);
        return { account, endpoint: id, waiting, open: breaker !== "closed" };
      }),
    async stop() {
      const cut = setTimeout(() => void fetcher.close(), stopMs);
      await changing.catch(() => undefined);
      await dispatcher.stop();
      clearTimeout(cut);
      await fetcher.close();
    },
  };

  /** That of the account, made at the first use. */
  async function callbackOf(account: string): Promise<WebhookEndpoint> {
    const found = callbacks.get(account);
    if (found !== undefined) return found;
    checkRoom();
    const made = callbackEndpoint(account, { id: newId(), nowMs: clock.nowMs() });
    await keep(made);
    return made;
  }

  function checkRoom(): void {
    if (endpoints.size >= endpointsMax) throw wrong(`There are ${endpointsMax} webhooks already.`);
  }

  async function rotate(
    endpoint: WebhookEndpoint,
    oldUntilMs: number,
  ): Promise<{ readonly secret: string; readonly oldUntilMs: number }> {
    const next = rotated(endpoint, { oldUntilMs, nowMs: clock.nowMs() });
    await keep(next);
    return { secret: next.secrets[0]?.secret ?? "", oldUntilMs };
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = changing.then(work, work);
    changing = turn.catch(() => undefined);
    return turn;
  }

  /** In the table first, so that nothing is told that would be forgotten. */
  async function keep(endpoint: WebhookEndpoint): Promise<void> {
    await table.put(seal.sealed(endpoint));
    endpoints.set(endpoint.id, endpoint);
    sort();
  }

  function disable(id: string, why: string): Promise<void> {
    return inTurn(async () => {
      const endpoint = endpoints.get(id);
      if (endpoint === undefined || endpoint.disabled !== undefined) return;
      await keep({ ...endpoint, disabled: why });
      const { account } = endpoint;
      log.warn({ webhook: id, account, why }, "a webhook is disabled: its owner wants no more");
      dispatcher.look(id, -(await table.buryAll(id, `the webhook was disabled: ${why}`)));
    });
  }

  function sort(): void {
    const byAccount = new Map<string, WebhookEndpoint[]>();
    const own = new Map<string, WebhookEndpoint>();
    for (const endpoint of endpoints.values()) {
      if (endpoint.form === "callback") own.set(endpoint.account, endpoint);
      if (endpoint.form === "callback" || endpoint.disabled !== undefined) continue;
      const mine = byAccount.get(endpoint.account) ?? [];
      byAccount.set(endpoint.account, [...mine, endpoint]);
    }
    tellable = byAccount;
    callbacks = own;
  }

  function known(id: string): WebhookEndpoint {
    const exact = endpoints.get(id.toLowerCase());
    if (exact !== undefined) return exact;
    throw new GatewayError("unknown_webhook", `There is no webhook ${id}.`);
  }

  function viewOf(
    { secrets, ...endpoint }: WebhookEndpoint,
    count: { readonly waiting: number; readonly dead: number } = { waiting: 0, dead: 0 },
  ): WebhookView {
    const { waiting: _counted, ...facts } = dispatcher.facts(endpoint.id);
    const nowMs = clock.nowMs();
    const signing = secrets.filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs);
    return { ...endpoint, ...facts, ...count, secrets: signing.length };
  }
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
