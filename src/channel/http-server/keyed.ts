import { createHash } from "node:crypto";
import { type FastifyReply, type FastifyRequest, refuse } from "../../http/api-server.ts";
import type { ProblemFacts } from "../../http/problem.ts";
import { type ErrorCode, GatewayError } from "../../model/error.ts";
import type { ApiParts } from "./api.ts";
import { FieldError } from "./field-error.ts";
import { deskOf } from "./messages.ts";

/** What a request that sends was answered with, when it was accepted. */
export interface KeptAnswer {
  readonly location: string;
  readonly body: unknown;
}

/** Why nothing was sent. */
export interface Refusal extends Omit<ProblemFacts, "trace"> {
  readonly code: ErrorCode | number;
}

/** A request that sends. */
export interface Keyed {
  readonly account: string;
  /** Of its messages, of a batch with the batch's own first, if it is answered for the first time. */
  readonly ids: readonly string[];
  /** Does it. An answer that accepted something is kept; after a refusal the key may be used again. */
  send(ids: readonly string[]): Promise<KeptAnswer | Refusal>;
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
      return answered(request, reply, await keyed.send(keyed.ids));
    }
    if (typeof header !== "string" || !keyForm.test(header))
      throw new FieldError("bad_request", "Idempotency-Key", "1 to 255 characters of ASCII.");
    const name = `${keyed.account}\n${header}`;
    if (running.has(name)) return answered(request, reply, { code: "idempotency_running" });
    running.add(name);
    // Who has his answer may come with the same key at once, so the key is free before.
    const answer = await once(request, header, keyed).finally(() => running.delete(name));
    return answered(request, reply, answer);
  };

  async function once(
    request: FastifyRequest,
    key: string,
    { account, ids, send, again }: Keyed,
  ): Promise<Answer> {
    const own = { account, key };
    const bodySha256 = hashOf(request);
    const { idempotency } = deskOf(host);
    const found = await idempotency.begin({ ...own, bodySha256, ids });
    if (found.bodySha256 !== bodySha256) return { code: "idempotency_mismatch" };
    if (found.answer !== undefined) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only we write it.
      return { ...(JSON.parse(found.answer) as KeptAnswer), isReplayed: true };
    }
    const before = found.isNew ? undefined : await again(found.ids);
    if (!found.isNew && before === undefined) {
      // One of those ids may be a refusal's by now, so it gets new ones.
      await idempotency.release(own);
      await idempotency.begin({ ...own, bodySha256, ids });
    }
    const answer =
      before ??
      (await send(ids).catch(async (cause: unknown) => {
        if (cause instanceof FieldError) await idempotency.release(own);
        throw cause;
      }));
    if ("code" in answer) {
      await idempotency.release(own);
      return answer;
    }
    const text = JSON.stringify(answer);
    // It is stored already: without its answer it is found by its ids.
    if (text.length <= answerMax)
      await idempotency.finish(own, text).catch((cause: unknown) => {
        host.log.warn({ account, err: cause }, "an answer was not kept for its key");
      });
    return { ...answer, isReplayed: before !== undefined };
  }
}

type Answer = (KeptAnswer & { readonly isReplayed?: boolean }) | Refusal;

function hashOf({ url, body }: FastifyRequest): string {
  return createHash("sha256")
    .update(`${url}\n${JSON.stringify(body)}`)
    .digest("hex");
}

function answered(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  if ("code" in answer) return refuse(reply, answer.code, { ...answer, trace: request.id });
  if (answer.isReplayed === true) reply.header("idempotent-replayed", "true");
  return reply.status(202).header("location", answer.location).send(answer.body);
}
