import type { ServerResponse } from "node:http";
import { refuse } from "../../http/api-server.ts";
import type { OwnChange } from "../customer-desk.ts";
import type { ApiParts, ApiRoutes } from "./api.ts";
import { deskOf, timeOf } from "./messages.ts";
import { STATUS_WORDS } from "./read-schemas.ts";

/** Changes of an account that are kept for who comes back with a Last-Event-ID. */
const keptMax = 1_000;

/** ms. So long they are kept when nobody follows the account. */
const keptMs = 60_000;

/** Octets that a follower may be behind; a slower one is cut off and comes back. */
const behindMax = 262_144;

/** ms. Something is written at least so often, so that nobody on the way thinks it dead. */
const heartbeatMs = 15_000;

/** A live tail of what becomes of an account's messages (server-sent events). */
export interface EventStreams {
  readonly routes: ApiRoutes;
  readonly count: number;
  /** Ends all streams. */
  end(): void;
}

interface Told {
  readonly number: number;
  readonly text: string;
}

interface Tail {
  readonly streams: Set<ServerResponse>;
  readonly kept: Told[];
  readonly unfollow: () => void;
  idle: NodeJS.Timeout | undefined;
}

export function createEventStreams({
  host,
  settings,
}: Pick<ApiParts, "host" | "settings">): EventStreams {
  const tails = new Map<string, Tail>();
  /** Numbers of another start are not ours to continue. */
  const start = host.clock.nowMs().toString(36);
  let number = 0;
  let count = 0;
  let beat: NodeJS.Timeout | undefined;

  return {
    get count() {
      return count;
    },
    routes: (routes, { callers, closed }) => {
      routes.get(
        "/v1/events",
        {
          onRequest: callers.need("read"),
        },
        (request, reply) => {
          const { account } = callers.of(request);
          const why = closed();
          if (why !== undefined) return refuse(reply, why, { trace: request.id });
          const most = settings.eventStreamsMax;
          const own = tails.get(account)?.streams.size ?? 0;
          if (count >= most || own >= Math.max(1, Math.floor(most / 10)))
            return refuse(reply, "overloaded", { detail: "Too many streams.", trace: request.id });
          reply.hijack();
          const last = request.headers["last-event-id"];
          follow(account, reply.raw, typeof last === "string" ? last : undefined);
          return reply;
        },
      );
    },
    end() {
      for (const [account, tail] of tails) {
        for (const stream of tail.streams) stream.end();
        forget(account, tail);
      }
      clearInterval(beat);
      beat = undefined;
    },
  };

  function follow(account: string, stream: ServerResponse, last: string | undefined): void {
    const tail = tails.get(account) ?? begin(account);
    clearTimeout(tail.idle);
    tail.idle = undefined;
    tail.streams.add(stream);
    count += 1;
    beat ??= setInterval(heartbeat, heartbeatMs).unref();
    stream.on("close", () => left(account, tail, stream));
    stream.on("error", () => stream.destroy());
    stream.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    stream.write("retry: 2000\n\n");
    if (last === undefined) return;
    const missed = missedOf(tail, last);
    // What it has missed is not known any more: it has to read how its messages stand.
    if (missed === undefined) write(stream, "event: reset\ndata: {}\n\n");
    else for (const { text } of missed) write(stream, text);
  }

  function begin(account: string): Tail {
    const tail: Tail = {
      streams: new Set(),
      kept: [],
      unfollow: deskOf(host).follow(account, (change) => tell(tail, change)),
      idle: undefined,
    };
    tails.set(account, tail);
    return tail;
  }

  function tell(tail: Tail, change: OwnChange): void {
    number += 1;
    const text = eventText(`${start}-${number}`, change);
    tail.kept.push({ number, text });
    if (tail.kept.length > keptMax) tail.kept.shift();
    for (const stream of tail.streams) write(stream, text);
  }

  function missedOf({ kept }: Tail, last: string): readonly Told[] | undefined {
    const [of, after] = last.split("-");
    if (of !== start || !/^\d{1,15}$/.test(after ?? "")) return undefined;
    const seen = Number(after);
    if (seen > number) return undefined;
    const isComplete = seen === number || kept.some((one) => one.number === seen);
    return isComplete ? kept.filter((one) => one.number > seen) : undefined;
  }

  function left(account: string, tail: Tail, stream: ServerResponse): void {
    if (!tail.streams.delete(stream)) return;
    count -= 1;
    if (tail.streams.size > 0 || tails.get(account) !== tail) return;
    tail.idle = setTimeout(() => forget(account, tail), keptMs).unref();
  }

  function forget(account: string, tail: Tail): void {
    clearTimeout(tail.idle);
    tail.unfollow();
    if (tails.get(account) === tail) tails.delete(account);
  }

  function heartbeat(): void {
    for (const { streams } of tails.values()) for (const stream of streams) write(stream, ":\n\n");
  }
}

function write(stream: ServerResponse, text: string): void {
  if (stream.writableLength > behindMax) stream.destroy();
  else stream.write(text);
}

function eventText(id: string, { status, error, atMs, reference, ...change }: OwnChange): string {
  const word = status === "QUEUED" ? "accepted" : STATUS_WORDS[status];
  const data = {
    id: change.id,
    status: STATUS_WORDS[status],
    at: timeOf(atMs),
    ...(error === undefined ? {} : { error }),
    ...(reference === undefined ? {} : { client_reference: reference }),
  };
  return `id: ${id}\nevent: message.${word}\ndata: ${JSON.stringify(data)}\n\n`;
}
