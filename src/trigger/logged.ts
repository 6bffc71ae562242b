import type { Script } from "./routes.ts";

/** A stack within a log line, as script/console.ts marks it. */
// oxlint-disable-next-line no-control-regex -- Signs that no text of a person has.
const stack = /\u0001([^\u0001\u0002]*)\u0002/g;

/** The line that a script logged, with the author's place in front of each error in it. */
export function loggedText(text: string, script: Pick<Script, "placed"> | undefined): string {
  if (!text.includes("\u0001")) return text;
  const placed = text.replace(stack, (_marked, told: string) => script?.placed(told).text ?? told);
  // One that was cut short, or that a script has written by hand.
  return placed.replaceAll("\u0001", "");
}
