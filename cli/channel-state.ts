import type { ChannelView } from "../src/model/view.ts";
import { age, paint, shortened } from "./print.ts";

/** Characters of the last error in a list; `--json` has all of it. */
const errorCharactersMax = 80;

/** `up`, `down`, `off`, and what an operator or a failure policy has done to it. */
export function stateText({ state, held, stopped }: ChannelView): string {
  const words = [paint(STATES[state], state)];
  if (held !== undefined) words.push(paint("yellow", held));
  if (stopped !== undefined) words.push(paint("yellow", STOPS[stopped.what]));
  return words.join(", ");
}

const STOPS = { resting: "resting", open: "breaker open", halfOpen: "breaker half open" } as const;

const STATES = { up: "green", down: "red", off: "dim" } as const;

/** `12 min ago: connection refused`, or nothing. */
export function lastErrorText({ lastError }: ChannelView): string {
  if (lastError === undefined) return "";
  return `${age(lastError.atMs)} ago: ${shortened(lastError.text, errorCharactersMax)}`;
}
