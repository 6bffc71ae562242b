import { createHash } from "node:crypto";
import { type FastifyReply, type FastifyRequest, refuse } from "../../http/api-server.ts";
import { FieldError } from "./field-error.ts";
import type { ProblemFacts } from "../../http/problem.ts";
import { type ErrorCode, GatewayError } from "../../model/error.ts";
import { type ApiParts } from "./api.ts";
import { deskOf } from "./messages.ts";

/** What a request that sends was answered with, when it was accepted. */
export interface KeptAnswer {
  readonly location: string;
  readonly body: unknown;
}

/** Nothing of it was accepted. */
export interface Refused extends Omit<ProblemFacts, "trace"> {
  readonly code: ErrorCode | number;
}

/** A request that sends. */
export interface Keyed {
  readonly account: string;
  /** Of its messages, of a batch with the batch's own first, if it is answered for the first time. */
  readonly ids: readonly string[];
  /** Does it. An answer that accepted something is kept; what was refused frees the key before it is told. */
  send(ids: readonly string[]): Promise<KeptAnswer | Refused>;
  /**
   * The answer out of what is stored, where an earlier start ended before it was kept; undefined when
   * nothing of it was stored.
   */
  again(ids: readonly string[]): Promise<KeptAnswer | undefined>;
}

/** RFC draft-ietf-httpapi-idempotency-key-header. */
const keyForm = /^[\x21-\x7e]{1,255}$/;

/** Answers that are kept are small; a whole batch of ten thousand is a megabyte. */
const answerMax = 4 * 1_048_576;

/** Answers a request that sends, and the same one again with the same answer. */
export function createKeyed({ host, settings }: Pick<ApiParts, "host" | "settings">) {
  const running = new Set<string>();

  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    keyed: Keyed,
  ): Promise<FastifyReply> => {
    const header = request.headers["idempotency-key"];
    if (header === undefined) {
      if (settings.idempotencyKey === "required") throw new GatewayError("idempotency_required");
      const kept = await keyed.send(keyed.ids);
      return "code" in kept ? refused(request, reply, kept) : answered(reply, kept);
    }
    if (typeof header !== "string" || !keyForm.test(header))
      throw new FieldError("bad_request", "Idempotency-Key", "1 to 255 characters of ASCII.");
    const { account } = keyed;
    const own = { account, key: header };
    const name = `${account}\n${header}`;
    if (running.has(name)) return refuse(reply, "idempotency_running", { trace: request.id });
    running.add(name);
    try {
      const bodySha256 = hashOf(request);
      const { idempotency } = deskOf(host);
      const found = await idempotency.begin({ ...own, bodySha256, ids: keyed.ids });
      if (found.bodySha256 !== bodySha256)
        return await refuse(reply, "idempotency_mismatch", { trace: request.id });
      if (found.answer !== undefined) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only we write it.
        return await replayed(reply, JSON.parse(found.answer) as KeptAnswer);
      }
      const before = found.isNew ? undefined : await keyed.again(found.ids);
      if (!found.isNew && before === undefined) {
        // One of those ids may be a refusal's by now, so it gets new ones.
        await idempotency.release(own);
        await idempotency.begin({ ...own, bodySha256, ids: keyed.ids });
      }
      const kept =
        before ??
        (await keyed.send(keyed.ids).catch(async (cause: unknown) => {
          if (cause instanceof FieldError) await idempotency.release(own);
          throw cause;
        }));
      if ("code" in kept) {
        await idempotency.release(own);
        // Who has heard the answer may ask again at once.
        running.delete(name);
        return await refused(request, reply, kept);
      }
      const text = JSON.stringify(kept);
      // It is stored already: without its answer it is found by its ids.
      if (text.length <= answerMax)
        await idempotency.finish(own, text).catch((cause: unknown) => {
          host.log.warn({ account, err: cause }, "an answer was not kept for its key");
        });
      running.delete(name);
      return await (before === undefined ? answered : replayed)(reply, kept);
    } finally {
      running.delete(name);
    }
  };
}

function refused(
  { id: trace }: FastifyRequest,
  reply: FastifyReply,
  { code, ...facts }: Refused,
): FastifyReply {
  return refuse(reply, code, { ...facts, trace });
}

function hashOf({ url, body }: FastifyRequest): string {
  return createHash("sha256")
    .update(`${url}\n${JSON.stringify(body)}`)
    .digest("hex");
}

function answered(reply: FastifyReply, { location, body }: KeptAnswer): FastifyReply {
  return reply.status(202).header("location", location).send(body);
}

function replayed(reply: FastifyReply, kept: KeptAnswer): FastifyReply {
  return answered(reply.header("idempotent-replayed", "true"), kept);
}
