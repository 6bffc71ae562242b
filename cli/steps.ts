import type { Status } from "../src/model/status.ts";
import type { AttemptView, MessageView } from "../src/model/view.ts";
import type { TraceLine } from "../src/model/message.ts";
import { clockTime, paint, shortened } from "./print.ts";
import { statusText } from "./status-text.ts";

/** Something that happened to an entry of a life. */
export interface Step {
  readonly at: number;
  readonly what: string;
  readonly text: string;
}

/** What happened to one entry of a life, in the order of time. */
export function stepsOf(entry: MessageView): Step[] {
  const steps: Step[] = [
    ...entry.log.map((line) => ({ at: line.at, what: line.what, text: lineText(line) })),
    ...entry.attempts.map((one) => ({ at: one.atMs, what: "attempt", text: attemptText(one) })),
  ];
  // The sort is stable: what happened in the same millisecond stays as it was written.
  return steps.sort((a, b) => a.at - b.at);
}

/** A line for each. */
export function stepLines(steps: readonly Step[]): string[] {
  const width = Math.max(0, ...steps.map(({ what }) => what.length));
  return steps.map(
    ({ at, what, text }) => `  ${paint("dim", clockTime(at))}  ${what.padEnd(width)}  ${text}`,
  );
}

/** An author's line and the caret below it, as they stand under what is told of them. */
export function sourceLines(source: string): string {
  return source
    .split("\n")
    .map((line) => `      ${paint("dim", line)}`)
    .join("\n");
}

/** A trigger by name, version, time taken and result; everything else as `key=value`. */
function lineText({ what, facts }: TraceLine): string {
  if (what === "call") return callText(facts);
  const { trigger, version, us, result, fault, text, skipped, source, ...rest } = facts;
  const words: string[] = [];
  if (trigger !== undefined) words.push(paint("bold", `${trigger} v${version ?? "?"}`));
  if (us !== undefined) words.push(`${us} µs`);
  if (result !== undefined) words.push(String(result));
  if (fault !== undefined) words.push(paint("red", `fault ${fault}`));
  if (text !== undefined) words.push(String(text));
  if (skipped === true) words.push("(skipped)");
  for (const [key, value] of Object.entries(rest)) words.push(`${key}=${value}`);
  const below = source === undefined ? "" : `\n${sourceLines(String(source))}`;
  return words.join("  ") + below;
}

/** Characters of what was asked, and of what was answered; as data both are whole. */
const callCharactersMax = 100;

/** `RECVFWD v1  accounts.byNumber("+31600000000") → {"id":"Test1"}` */
function callText({ trigger, version, call, args, answer, refused }: TraceLine["facts"]): string {
  const asked = String(args).replace(/^\[(.*)\]$/s, "$1");
  const told =
    refused !== undefined
      ? paint("red", `refused ${shortened(String(refused), callCharactersMax)}`)
      : answer !== undefined
        ? shortened(String(answer), callCharactersMax)
        : "… (not kept)";
  const who = paint("bold", `${String(trigger)} v${String(version ?? "?")}`);
  return `${who}  ${String(call)}(${shortened(asked, callCharactersMax)}) → ${told}`;
}

/** What the try itself came to: that its message was reported since is told by the report. */
function attemptText(one: AttemptView): string {
  const id = one.providerId === undefined ? "" : `  id ${one.providerId}`;
  const error = one.error === undefined ? "" : `  ${one.error}`;
  const part = one.part === undefined ? "" : `  part=${one.part}/${one.parts ?? "?"}`;
  return `try ${one.tries} over ${one.channel}${part}  ${statusText(statusThen(one))}${id}${error}`;
}

function statusThen({ status, providerId = "" }: AttemptView): Status {
  const isReported = status === "NOTDELIVERED" || status === "NOREPORT";
  return isReported || (status === "DELIVERED" && providerId !== "") ? "SENT" : status;
}
