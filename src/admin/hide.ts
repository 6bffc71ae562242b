import type { TraceLine } from "../model/message.ts";
import type { DeadLetterView, MessageView } from "../model/view.ts";

/** What an operator sees where the text of a message stood, when `privacy.showText` is false. */
export function hiddenText(text: string): string {
  return text === "" ? "" : `(hidden, ${text.length} characters)`;
}

/**
 * A message without its text, and without what triggers asked about it. What a script told of it with
 * `trace` is the script's own.
 */
export function withoutText(view: MessageView): MessageView {
  const asked = view.log.some(({ what }) => what === "call");
  if (view.text === undefined && !asked) return view;
  return {
    ...view,
    ...(view.text === undefined ? {} : { text: hiddenText(view.text) }),
    ...(asked ? { log: view.log.map(withoutCall) } : {}),
  };
}

function withoutCall(line: TraceLine): TraceLine {
  if (line.what !== "call") return line;
  const facts = Object.entries(line.facts).map(([name, value]) =>
    CALLED.has(name) ? [name, hiddenText(String(value))] : [name, value],
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Its own facts, or texts.
  return { ...line, facts: Object.fromEntries(facts) as TraceLine["facts"] };
}

const CALLED: ReadonlySet<string> = new Set(["args", "answer", "refused"]);

/** A dead letter without the beginning of the text that its report repeats. */
export function letterWithoutText(view: DeadLetterView): DeadLetterView {
  const payload = JSON.stringify(JSON.parse(view.payload), (name, value: unknown) =>
    name === "text" && typeof value === "string" ? hiddenText(value) : value,
  );
  return { ...view, payload };
}
