import { ERRORS, type ErrorCode, type ErrorEntry, commandStatusOf } from "../model/error.ts";

/** A refusal as RFC 9457 has it, with our code. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly smpp_status?: number;
  readonly field?: string;
  readonly retryable: boolean;
}

export const problemType = "application/problem+json; charset=utf-8";

/** What may be added to a refusal. */
export interface ProblemFacts {
  /** One sentence; the advice of the catalogue when left out. */
  readonly detail?: string;
  /** The part of the request that is to blame. */
  readonly field?: string | undefined;
  /** An id of the trace. */
  readonly trace: string;
  /** With 429 and 503: the same may do after that; soon when left out. */
  readonly waitMs?: number | undefined;
}

/** A number is a command_status that a trigger refused with; over HTTP that is a refusal by a rule. */
export function problemOf(code: ErrorCode | number, facts: ProblemFacts): ProblemBody {
  const name = typeof code === "number" ? "refused_by_rule" : code;
  const entry: ErrorEntry = ERRORS[name];
  const { detail = "", field, trace } = facts;
  const smpp = typeof code === "number" ? code : entry.smpp;
  return {
    type: `/v1/errors/${name}`,
    title: name.replaceAll("_", " "),
    status: entry.http ?? 500,
    detail: detail === "" ? entry.advice : detail,
    instance: `urn:uuid:${trace}`,
    code: name,
    ...(smpp === undefined ? {} : { smpp_status: commandStatusOf(code) }),
    ...(field === undefined ? {} : { field }),
    retryable: entry.retry === "later",
  };
}
