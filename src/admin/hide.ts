import type { DeadLetterView, MessageView } from "../model/view.ts";

/** What an operator sees where the text of a message stood, when `privacy.showText` is false. */
export function hiddenText(text: string): string {
  return text === "" ? "" : `(hidden, ${text.length} characters)`;
}

/** A message without its text. What a script told of it with `trace` is the script's own. */
export function withoutText(view: MessageView): MessageView {
  return view.text === undefined ? view : { ...view, text: hiddenText(view.text) };
}

/** A dead letter without the beginning of the text that its report repeats. */
export function letterWithoutText(view: DeadLetterView): DeadLetterView {
  const payload = JSON.stringify(JSON.parse(view.payload), (name, value: unknown) =>
    name === "text" && typeof value === "string" ? hiddenText(value) : value,
  );
  return { ...view, payload };
}
