import { type FastifyRequest, refuse } from "../../http/api-server.ts";
import { problemOf } from "../../http/problem.ts";
import { GatewayError } from "../../model/error.ts";
import type { ApiRoutes } from "./api.ts";
import { jsonOf } from "./api.ts";
import { emitInTurn } from "../in-turn.ts";
import { eventOf } from "./event-of.ts";
import { type KeptAnswer, createKeyed } from "./keyed.ts";
import type { Caller } from "./login.ts";
import { FieldError } from "./field-error.ts";
import { type NewMessage, newMessage } from "./message-schemas.ts";
import { cancel, deskOf, timeOf } from "./messages.ts";
import { tellRates } from "./rate-headers.ts";
import {
  type BatchAnswer,
  type NewBatch,
  STATUS_WORDS,
  batchAnswer,
  batchCancelled,
  batchState,
  newBatch,
} from "./read-schemas.ts";
import { acceptedBody, isRefusal, refusalOf } from "./send.ts";

/** Cancels that are under way at a time for one batch; the gateway has room for few of all. */
const cancelsAtOnce = 8;

type Item = BatchAnswer["items"][number];

/** Many messages in one request: each is told by itself whether it was taken. */
export const batchRoutes: ApiRoutes = (routes, parts) => {
  const { host, callers, closed, work, settings } = parts;
  const keyed = createKeyed(parts);

  routes.post<{ Body: NewBatch }>(
    "/v1/batches",
    {
      schema: {
        body: jsonOf(newBatch(settings.batchMax)),
        response: { 202: jsonOf(batchAnswer, "output") },
      },
      onRequest: callers.need("send"),
    },
    async (request, reply) => {
      const caller = callers.of(request);
      const why = closed();
      if (why !== undefined) return refuse(reply, why, { trace: request.id });
      const { messages } = request.body;
      if (!work.begin(messages.length)) return refuse(reply, "overloaded", { trace: request.id });
      try {
        const ids = [request.id, ...messages.map(() => host.newId())];
        return await keyed(request, reply, {
          account: caller.account,
          ids,
          async send(own) {
            const kept = await sendAll(request, caller, own);
            tellRates(reply, host, caller.account);
            return kept;
          },
          again: (own) => storedOf(caller.account, own),
        });
      } finally {
        work.end(messages.length);
      }
    },
  );

  routes.get<{ Params: { id: string } }>(
    "/v1/batches/:id",
    {
      schema: { response: { 200: jsonOf(batchState, "output") } },
      onRequest: callers.need("read"),
    },
    async (request) => {
      const { account } = callers.of(request);
      const { id, items, atMs } = await known(account, request.params.id);
      const rows = await deskOf(host).readAll(account, idsIn(items));
      const byId = new Map(rows.map((row) => [row.message.id, STATUS_WORDS[row.status]]));
      const statuses: Record<string, number> = {};
      for (const status of byId.values()) statuses[status] = (statuses[status] ?? 0) + 1;
      const taken = idsIn(items).length;
      return {
        id,
        created_at: timeOf(atMs),
        accepted: taken,
        refused: items.length - taken,
        statuses,
        items: items.map((item) => {
          const status = byId.get(item.id ?? "");
          return status === undefined ? item : { ...item, status };
        }),
      };
    },
  );

  routes.delete<{ Params: { id: string } }>(
    "/v1/batches/:id",
    {
      schema: { response: { 200: jsonOf(batchCancelled, "output") } },
      onRequest: callers.need("send"),
    },
    async (request) => {
      const { account, by } = callers.of(request);
      const { id, items } = await known(account, request.params.id);
      const waiting = idsIn(items);
      let cancelled = 0;
      await Promise.all(
        Array.from({ length: cancelsAtOnce }, async () => {
          for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
            const of = { account, by, id: one, trace: request.id };
            if ((await cancel(parts, of)).kind === "done") cancelled += 1;
          }
        }),
      );
      return { id, cancelled, too_late: idsIn(items).length - cancelled };
    },
  );

  /** All at once, in their order: they are committed in a few flushes. */
  async function sendAll(
    request: FastifyRequest<{ Body: NewBatch }>,
    caller: Caller,
    [batch = request.id, ...ids]: readonly string[],
  ): Promise<KeptAnswer> {
    const { messages, defaults } = request.body;
    const items = await Promise.all(
      messages.map((one, index) =>
        sendOne(
          { ...defaults, ...one },
          { request, caller, id: ids[index] ?? host.newId(), index },
        ),
      ),
    );
    await deskOf(host).batches.put({
      id: batch,
      account: caller.account,
      items: JSON.stringify(items),
    });
    return answerOf(batch, items);
  }

  async function sendOne(
    asked: Readonly<Record<string, unknown>>,
    from: {
      readonly request: FastifyRequest;
      readonly caller: Caller;
      readonly id: string;
      readonly index: number;
    },
  ): Promise<Item> {
    const { index, id } = from;
    try {
      const event = eventOf(checked(asked), parts, from);
      if (event.message.client?.callbackUrl !== undefined)
        await deskOf(host).callbacks.ready(from.caller.account);
      const answer = await emitInTurn(host, event);
      if (answer.kind === "accepted") {
        const { status: _status, ...body } = acceptedBody(event, answer);
        return { index, ...body };
      }
      const { code, ...why } = refusalOf(answer);
      return { index, problem: problemOf(code, { ...why, trace: id }) };
    } catch (cause) {
      if (!(cause instanceof GatewayError)) {
        host.log.error({ message: id, err: cause }, "a message of a batch failed on our side");
        return { index, problem: problemOf("internal", { trace: id }) };
      }
      const field = cause instanceof FieldError ? cause.field : undefined;
      const facts = { detail: cause.message, field, trace: id };
      return { index, problem: problemOf(cause.code, facts) };
    }
  }

  /** Of a start that ended before the answer was kept: what was stored counts, the rest was not sent. */
  async function storedOf(
    account: string,
    [batch = "", ...ids]: readonly string[],
  ): Promise<KeptAnswer | undefined> {
    const rows = await deskOf(host).readAll(account, ids);
    const taken = new Set(rows.filter((row) => !isRefusal(row)).map(({ message }) => message.id));
    if (taken.size === 0) return undefined;
    const items = ids.map((id, index): Item =>
      taken.has(id) ? { index, id } : { index, problem: problemOf("internal", { trace: id }) },
    );
    await deskOf(host).batches.put({ id: batch, account, items: JSON.stringify(items) });
    return answerOf(batch, items);
  }

  async function known(account: string, id: string) {
    const batch = await deskOf(host).batches.get(account, id);
    if (batch === undefined) throw new GatewayError("unknown_batch");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only we write it.
    return { ...batch, items: JSON.parse(batch.items) as Item[] };
  }
};

/** The same check as of one message; its faults are told by field. */
function checked(asked: Readonly<Record<string, unknown>>): NewMessage {
  if ("dry_run" in asked) throw new FieldError("bad_request", "dry_run", "Not in a batch.");
  const read = newMessage.safeParse(asked);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const keys = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const field = [...(issue?.path ?? []), ...keys.slice(0, 1)].join(".").slice(0, 100);
  const words = keys.length > 0 ? "there is no such field" : (issue?.message ?? "");
  throw new FieldError("bad_request", field, `${field}: ${words}.`);
}

function answerOf(id: string, items: readonly Item[]): KeptAnswer {
  const taken = idsIn(items).length;
  const body = { id, accepted: taken, refused: items.length - taken, items };
  return { location: `/v1/batches/${id}`, body };
}

function idsIn(items: readonly Item[]): string[] {
  return items.flatMap(({ id }) => id ?? []);
}
