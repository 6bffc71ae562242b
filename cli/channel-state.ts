import type { ChannelView } from "../src/model/view.ts";
import { age, paint, shortened } from "./print.ts";

/** Characters of the last error in a list; `--json` has all of it. */
const errorCharactersMax = 80;

/** `up`, `down`, `off`, and what an operator has done to it. */
export function stateText({ state, held }: ChannelView): string {
  const text = paint(STATES[state], state);
  return held === undefined ? text : `${text}, ${paint("yellow", held)}`;
}

const STATES = { up: "green", down: "red", off: "dim" } as const;

/** `12 min ago: connection refused`, or nothing. */
export function lastErrorText({ lastError }: ChannelView): string {
  if (lastError === undefined) return "";
  return `${age(lastError.atMs)} ago: ${shortened(lastError.text, errorCharactersMax)}`;
}
