import type { Action, Ran, RanCall } from "../model/decision.ts";
import type { TraceLine } from "../model/message.ts";
import { routedWord } from "../trigger/outcome-words.ts";

/** What the triggers did with an event, as lines of its trace. */
export function storyOf(ran: readonly Ran[], atMs: number): TraceLine[] {
  const lines: TraceLine[] = [];
  for (const one of ran) {
    const who = { trigger: one.trigger, version: one.version };
    if (one.calls !== undefined)
      for (const call of one.calls)
        lines.push({ at: atMs, what: "call", facts: { ...who, ...callFacts(call) } });
    if ("fault" in one) {
      const source = one.source === undefined ? {} : { source: one.source };
      const { us, fault, text, skipped } = one;
      const facts = { ...who, us, fault, text, skipped, ...source };
      lines.push({ at: atMs, what: "trigger", facts });
      continue;
    }
    const facts = { ...who, us: one.us, result: resultOf(one.actions) };
    lines.push({ at: atMs, what: "trigger", facts });
    for (const action of one.actions)
      if (action.do === "trace")
        lines.push({ at: atMs, what: "trace", facts: { ...who, text: action.text } });
  }
  return lines;
}

function callFacts({ name, args, answer, ok }: RanCall): TraceLine["facts"] {
  if (answer === undefined) return { call: name, args, cut: true };
  return ok ? { call: name, args, answer } : { call: name, args, refused: answer };
}

function resultOf(actions: readonly Action[]): string {
  const words: string[] = [];
  for (const action of actions) {
    switch (action.do) {
      case "accept":
        words.push(
          action.charge === undefined || action.charge === 0
            ? "accepted"
            : `accepted, charged ${action.charge}`,
        );
        break;
      case "reject":
        words.push(`rejected: ${action.reason ?? action.code}`);
        break;
      case "forward":
        words.push(
          action.account === undefined
            ? `forwarded to ${action.channel ?? routedWord}`
            : `forwarded to ${action.channel ?? routedWord}/${action.account}`,
        );
        break;
      case "apply":
        words.push("applied");
        break;
      case "report":
        words.push("reported to the customer");
        break;
      case "send":
        words.push(`sent a message to ${action.channel}`);
        break;
      case "fail":
        words.push(`failed: ${action.reason}`);
        break;
      case "trace":
        break;
    }
  }
  return words.length === 0 ? "nothing" : words.join("; ");
}
