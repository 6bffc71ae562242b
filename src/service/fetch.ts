import { createFetch, type Fetcher } from "../http/fetch.ts";
import { GatewayError } from "../model/error.ts";
import type { HostFunctions } from "../trigger/engine.ts";
import { octetsFrom, textAt, wholeNumberAt, wrong } from "./arguments.ts";
import { type FetchServiceSettings, fetchTimeoutMsMax } from "./fetch-settings.ts";
import { masked, type Secrets, type Used } from "./secrets.ts";

export interface FetchService {
  readonly calls: HostFunctions;
  close(): Promise<void>;
}

/** Headers of one request. */
const headersMax = 64;

/** `http.fetch` of scripts. Secrets are put in here, and taken out of what comes back. */
export function createFetchService(
  settings: FetchServiceSettings,
  secrets: Secrets,
  fetcher: Fetcher = createFetch(settings),
): FetchService {
  /** Requests under way, by trigger. */
  const underWay = new Map<string, number>();

  return {
    calls: {
      "http.fetch": async (args, _request, callId, { trigger }) => {
        const of = underWay.get(trigger) ?? 0;
        if (of >= settings.requestsPerTriggerMax)
          throw new GatewayError("overloaded", `http.fetch: ${of} requests are under way already`);
        const { asked, used } = read(args, secrets);
        underWay.set(trigger, of + 1);
        try {
          const answer = await fetcher.fetch({ ...asked, idempotencyKey: callId });
          if (used.length === 0) return answer;
          const hidden = (text: string): string => masked(text, used);
          const headers = Object.entries(answer.headers).map(([name, value]) => [
            name,
            hidden(value),
          ]);
          return { ...answer, headers: Object.fromEntries(headers), text: hidden(answer.text) };
        } finally {
          const left = (underWay.get(trigger) ?? 1) - 1;
          if (left === 0) underWay.delete(trigger);
          else underWay.set(trigger, left);
        }
      },
    },
    close: () => fetcher.close(),
  };
}

type Asked = Omit<Parameters<Fetcher["fetch"]>[0], "idempotencyKey">;

/** What script/http.ts writes: address, method, headers, body, time-out, user and password. */
function read(
  args: readonly unknown[],
  secrets: Secrets,
): { readonly asked: Asked; readonly used: readonly Used[] } {
  const used: Used[] = [];
  const reveal = (value: unknown, name: string): string => {
    const revealed = secrets.revealed(value, name);
    used.push(...revealed.used);
    return revealed.text;
  };
  const listed = args[2];
  if (!Array.isArray(listed) || listed.length > headersMax)
    throw wrong(`headers must be at most ${headersMax}`);
  const headers = listed.map((pair: unknown): readonly [string, string] => {
    if (!Array.isArray(pair)) throw wrong("a header must be a name and a value");
    const name = textAt(pair, 0, "the name of a header");
    return [name, reveal(pair[1], `the header ${name}`)];
  });
  const basic = args[5];
  if (Array.isArray(basic)) {
    const pair = `${textAt(basic, 0, "basic.user")}:${reveal(basic[1], "basic.password")}`;
    // RFC 7617 §2.1
    const value = Buffer.from(pair).toString("base64");
    used.push({ value, shown: "[secret]" });
    headers.push(["authorization", `Basic ${value}`]);
  }
  const most = { name: "timeoutMs", least: 1, most: fetchTimeoutMsMax };
  const asked = {
    url: textAt(args, 0, "the address"),
    method: textAt(args, 1, "method").toUpperCase(),
    headers,
    body: args[3] === null ? undefined : octetsFrom(args[3], "body"),
    timeoutMs: args[4] === null ? undefined : wholeNumberAt(args, 4, most),
  };
  return { asked, used };
}
