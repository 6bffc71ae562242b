import { Readable } from "node:stream";
import { GatewayError } from "../model/error.ts";
import type { LifeRow } from "../store/lives.ts";
import type { WantedLives } from "../store/messages.ts";
import { progressType } from "./progress.ts";
import { type Routes, nameSchema } from "./routes.ts";

/** Lives read at a time: some 20 ms for the database, between which it does its own work. */
const livesPerPage = 50;

/** Messages in one answer; at 1,000 a second that is the last minute and a half. */
const messagesMax = 100_000;

const wanted = {
  type: "object",
  additionalProperties: false,
  properties: {
    message: nameSchema,
    last: { type: "integer", minimum: 1, maximum: messagesMax, default: messagesMax },
    sinceMs: { type: "integer", minimum: 0, default: 0 },
    account: nameSchema,
  },
} as const;

interface Asked {
  readonly message?: string;
  readonly last: number;
  readonly sinceMs: number;
  readonly account?: string;
}

/**
 * The events that triggers were asked about, as event files: a line of JSON each, newest message first,
 * and `{"end": {"messages", "events"}}` at last, by which a whole answer is known.
 */
export const replayRoutes: Routes = (server, { gateway, store, views }) => {
  server.get<{ Querystring: Asked }>(
    "/v1/events",
    { schema: { querystring: wanted } },
    async ({ query }, reply) => {
      if (!views.showsText)
        throw new GatewayError(
          "bad_request",
          "privacy.showText is false: no text leaves the gateway, so nothing can be decided again.",
        );
      const pages = query.message === undefined ? pagesOf(query) : [await lifeOf(query.message)];
      return reply.type(progressType).send(Readable.from(linesOf(pages)));
    },
  );

  async function lifeOf(key: string): Promise<readonly LifeRow[]> {
    const lives = await store.messages.life(key, 1);
    if (lives.length === 0)
      throw new GatewayError("unknown_message_id", `no message is known by ${key}`);
    return lives;
  }

  async function* pagesOf({ last, sinceMs, account }: Asked): AsyncGenerator<readonly LifeRow[]> {
    let left = last;
    let before: string | undefined;
    while (left > 0) {
      const limit = Math.min(left, livesPerPage);
      const page: WantedLives = { account, sinceMs, before, limit };
      const lives = await store.messages.page(page);
      yield lives;
      left -= limit;
      before = lives.at(-1)?.root;
      if (lives.length < limit || before === undefined) return;
    }
  }

  async function* linesOf(
    pages: AsyncIterable<readonly LifeRow[]> | Iterable<readonly LifeRow[]>,
  ): AsyncGenerator<string> {
    const read = gateway.events();
    let messages = 0;
    let events = 0;
    try {
      for await (const lives of pages) {
        const lines = lives.flatMap((life) => read(life));
        messages += lives.length;
        events += lines.length;
        if (lines.length > 0) yield `${lines.join("\n")}\n`;
      }
      yield `${JSON.stringify({ end: { messages, events } })}\n`;
    } catch (cause) {
      const { code, message } =
        cause instanceof GatewayError ? cause : new GatewayError("internal");
      yield `${JSON.stringify({ code, message })}\n`;
    }
  }
};
