import { createOneHost, type HostAnswer, type OneHost } from "../http/one-host.ts";
import { commandStatusOf } from "../model/error.ts";
import type { Message, Sms } from "../model/message.ts";
import type { Channel, ChannelHost, SendResult } from "./channel.ts";
import { clientTls } from "./client-tls.ts";
import { connectTo } from "./connect.ts";
import { listenForCallbacks } from "./http-callbacks.ts";
import { httpClientFiles } from "./http-client-files.ts";
import type { HttpClientSettings } from "./http-client-settings.ts";
import type { Provider } from "./http-provider/provider.ts";
import type { Values } from "./http-provider/template.ts";
import { createTaking } from "./http-taking.ts";
import { contentFor, valuesFor } from "./http-values.ts";
import { createReach } from "./provider-reach.ts";
import { createSenderOf } from "./sender.ts";
import { createSendingPace } from "./sending-pace.ts";

/** ms. Nobody who says "later" without saying when is asked at once, and nobody is waited for longer. */
const throttledMs = 1_000;
const throttledMostMs = 60_000;

/** Sends to a provider over HTTP, as its file says, and takes what it calls back with. */
export async function openHttpClient(
  settings: HttpClientSettings,
  host: ChannelHost,
): Promise<Channel> {
  const { name, clock, log } = host;
  const { provider, codes } = httpClientFiles(settings, host);
  const url = new URL(settings.url);
  const { origin, protocol, hostname } = url;
  const isSecure = protocol === "https:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const base = url.pathname.replace(/\/$/, "");
  const place = { host: hostname.replace(/^\[|\]$/g, ""), port, where: origin };
  const own = channelValues(settings, provider.callbacks);
  const senderOf = createSenderOf(settings);
  const pace = await createSendingPace(settings.rate, host);
  let closing = false;
  let drained = host.drained;
  let inFlight = 0;
  let heldUntilMs = 0;
  let heldTimer: NodeJS.Timeout | undefined;
  let sent = 0;
  let timedOut = 0;
  let onIdle: (() => void)[] = [];
  const { callbacks } = settings;
  const listener =
    callbacks &&
    provider.callbacks &&
    (await listenForCallbacks({
      settings: callbacks,
      callbacks: provider.callbacks,
      user: settings.user,
      host,
      isClosed: () => closing || drained,
      take: createTaking(settings, host, codes),
    }));
  // It looks at its files until it is closed.
  const tls = await clientTls(
    isSecure && settings.tls === false ? true : isSecure && settings.tls,
    host,
  ).catch(async (cause: unknown) => {
    await listener?.close();
    throw cause;
  });
  const { connectTimeoutMs: timeoutMs } = settings;
  const oneHost = createOneHost({
    origin,
    connections: settings.windowRequests,
    timeoutMs: settings.responseTimeoutMs,
    octetsMax: settings.answerOctets,
    connect: (connected, failed) => {
      connectTo({ ...place, tls, timeoutMs }, connected, failed);
    },
  });
  const reach = createReach(host, place, { ...settings, tls });
  if (!drained) reach.start();

  return {
    name,
    type: settings.type,
    taken: "SENT",
    group: settings.group ?? name,
    joinWaitMs: settings.join ? settings.joinWaitMs : undefined,
    relayWithinMs: settings.relayWithinMs || undefined,
    reportWaitMs: settings.reports.waitMs,
    idBase: "same",
    queueMax: settings.queueMax,
    isPaced: () => windowRoom() > 0 && (isHeld() || pace?.within(1) === 0),
    room() {
      const room = isHeld() ? 0 : windowRoom();
      return pace === undefined || room === 0 ? room : pace.within(room);
    },
    write(message) {
      if (message.report !== undefined)
        return { code: "bad_request", text: "a report is for a customer" };
      const next = senderOf === undefined ? message : senderOf(message);
      if ("code" in next) return next;
      const content = contentFor(next.sms, provider, settings);
      if ("code" in content) return content;
      return next.sms === undefined
        ? { code: "bad_request", text: "the message has no content" }
        : { requests: [next.sms], reference: 0 };
    },
    send,
    async close(drainMs) {
      closing = true;
      pace?.close();
      clearTimeout(heldTimer);
      await idle(drainMs);
      reach.stop();
      await listener?.close();
      await oneHost.close();
      tls?.close();
    },
    async drain(drainMs) {
      drained = true;
      await idle(drainMs);
      reach.stop();
    },
    resume() {
      if (!drained) return;
      drained = false;
      reach.start();
    },
    kick: () => false,
    view() {
      const isUp = reach.state === "up";
      return {
        name,
        type: settings.type,
        description: settings.description,
        state: drained ? "off" : isUp ? "up" : "down",
        detail:
          isUp && !drained
            ? `reached ${origin}${callbackWords()}`
            : `not sending to ${origin}: ${drained ? "drained by an operator" : reach.trouble}`,
        sinceMs: reach.sinceMs,
        sessions: 0,
        lastError: reach.lastError,
        certificates: [...(tls?.certificates() ?? []), ...(listener?.certificates() ?? [])],
        warnings: [...(tls?.warnings() ?? []), ...(listener?.warnings() ?? []), ...ownWarnings()],
      };
    },
    sessions: () => [],
    traffic: () => ({
      windowRequests: reach.state === "up" ? settings.windowRequests : 0,
      windowFree: windowRoom(),
      refused: listener?.refused() ?? 0,
      timedOut,
      late: 0,
      stray: 0,
      writes: sent,
    }),
    ports: () => (listener === undefined ? [] : [listener.port]),
  };

  function windowRoom(): number {
    if (closing || drained || reach.state === "down") return 0;
    const window = reach.state === "trial" ? 1 : settings.windowRequests;
    return Math.max(0, window - inFlight);
  }

  function isHeld(): boolean {
    return heldUntilMs > clock.tickMs();
  }

  function send(message: Message, sms: Sms, done: (result: SendResult) => void): void {
    const content = contentFor(sms, provider, settings);
    if ("code" in content) return done({ kind: "impossible", ...content });
    const now = { numbers: settings.numbers, nowMs: clock.nowMs() };
    const values = { ...valuesFor(message, sms, content, now), ...own };
    const { target, ...request } = provider.request(content.kind, values);
    inFlight += 1;
    sent += 1;
    pace?.sent();
    void ask({ ...request, target: `${base}${target}` }, done);
  }

  async function ask(
    request: Parameters<OneHost["ask"]>[0],
    done: (result: SendResult) => void,
  ): Promise<void> {
    const answer = await oneHost.ask(request);
    inFlight -= 1;
    done(resultOf(answer));
    host.ready();
    if (inFlight === 0) becameIdle();
  }

  function resultOf(answer: HostAnswer): SendResult {
    if (answer.kind === "unreached") {
      reach.unreached(answer.why);
      return { kind: "refused", status: commandStatusOf("internal"), text: answer.why };
    }
    if (answer.kind === "unanswered") {
      if (answer.late) timedOut += 1;
      log.debug({ why: answer.why }, "no answer");
      return { kind: "uncertain", why: answer.late ? "response_timeout" : "connection_lost" };
    }
    const verdict = provider.verdict(answer);
    if (verdict.outcome === "taken") {
      reach.good();
      return { kind: "taken", providerId: verdict.id };
    }
    const text = hiding(verdict.text);
    if (verdict.outcome === "down") reach.shut(text);
    else reach.good();
    if (verdict.outcome === "throttled") hold(answer.headers["retry-after"]);
    return { kind: "refused", status: verdict.status, text };
  }

  /** What a provider says may repeat what it was told. */
  function hiding(text: string): string {
    return settings.password === "" ? text : text.replaceAll(settings.password, "***");
  }

  function hold(retryAfter: string | undefined): void {
    const asked = Number(retryAfter) * 1_000;
    const date = Date.parse(retryAfter ?? "") - clock.nowMs();
    const waitMs = [asked, date].find((ms) => ms > 0) ?? throttledMs;
    const untilMs = clock.tickMs() + Math.min(waitMs, throttledMostMs);
    if (untilMs <= heldUntilMs) return;
    heldUntilMs = untilMs;
    clearTimeout(heldTimer);
    heldTimer = setTimeout(() => host.ready(), Math.ceil(untilMs - clock.tickMs()) + 1).unref();
  }

  function callbackWords(): string {
    return listener === undefined ? "" : `, callbacks on port ${listener.port}`;
  }

  function ownWarnings(): readonly string[] {
    if (isSecure || settings.password === "" || /^(127\.|\[?::1|localhost$)/.test(hostname))
      return [];
    return ["its url is http, so whoever is on the way reads the password and all texts"];
  }

  async function idle(ms: number): Promise<void> {
    if (inFlight === 0) return;
    const all = new Promise<void>((resolve) => onIdle.push(resolve));
    await Promise.race([all, new Promise<void>((end) => setTimeout(end, ms).unref())]);
  }

  function becameIdle(): void {
    const waiting = onIdle;
    onIdle = [];
    for (const one of waiting) one();
  }
}

/** What a provider's file may name and that is the same for all messages. */
function channelValues(
  { user, password, values, callbacks }: HttpClientSettings,
  called: Provider["callbacks"],
): Values {
  const there = callbacks?.url?.replace(/\/$/, "");
  const isHidden = called?.auth.kind === "path" && callbacks?.secret !== undefined;
  const hidden = isHidden ? `/${encodeURIComponent(callbacks.secret ?? "")}` : "";
  const urlOf = (kind: "reports" | "messages"): string => {
    const path = called?.readings.find((one) => one.kind === kind)?.rule.path;
    return there === undefined || path === undefined ? "" : `${there}${hidden}${path}`;
  };
  return {
    user,
    password,
    reportsUrl: urlOf("reports"),
    messagesUrl: urlOf("messages"),
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`values.${key}`, value])),
  };
}
