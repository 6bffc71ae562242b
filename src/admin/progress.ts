import { Readable } from "node:stream";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";

/** Steps of a long work, `{done, total}` or the like, and at last what came of it. */
type Steps<Step, Result extends object> = AsyncGenerator<Step, Result, void>;

/** How a long work is told: to the log, and in its last line. */
export interface Told {
  /** The key of what came of it in the last line: `erased`. */
  readonly as: string;
  /** For the log: `a number was erased`, and `an erasure was broken off`. */
  readonly finished: string;
  readonly broken: string;
  readonly by: string;
  readonly log: Log;
}

/** The media type of such an answer. */
export const progressType = "application/x-ndjson";

/**
 * A long work as a line of JSON for each step and one for its end, `{[as]: result}`, or `{code, message}`
 * when it was broken off. Rejects with what is refused before the first step, so that this is an ordinary
 * refusal. Whoever hangs up ends it after the step that is under way.
 */
export async function progressLines<Step, Result extends object>(
  steps: Steps<Step, Result>,
  told: Told,
): Promise<Readable> {
  const first = await steps.next();
  return Readable.from(linesOf(first, steps, told));
}

async function* linesOf<Step, Result extends object>(
  first: IteratorResult<Step, Result>,
  steps: Steps<Step, Result>,
  { as, finished, broken, by, log }: Told,
): AsyncGenerator<string> {
  try {
    for (let step = first; ; step = await steps.next()) {
      if (step.done !== true) {
        yield `${JSON.stringify(step.value)}\n`;
        continue;
      }
      log.info({ ...step.value, by }, finished);
      yield `${JSON.stringify({ [as]: step.value })}\n`;
      return;
    }
  } catch (cause) {
    const error = cause instanceof GatewayError ? cause : new GatewayError("internal");
    log.warn({ by, err: error === cause ? error.code : cause }, broken);
    yield `${JSON.stringify({ code: error.code, message: error.message })}\n`;
  } finally {
    // Of whoever has hung up; else it is over already.
    await steps[Symbol.asyncDispose]();
  }
}
