import type { Conditions, Tools, Trigger } from "../sdk.ts";

/** What a script registered by `onBind`, `onMessage`, ..., in that order. */
export interface Registered {
  readonly event: string;
  readonly conditions: Conditions;
  /** Given the object of its own kind of event; a method, so that each kind's handler fits here. */
  handler(event: unknown, tools: Tools): unknown;
  readonly mark: Trigger;
}

export const registered: Registered[] = [];

export function register(
  event: string,
  conditions: Conditions,
  handler: Registered["handler"],
): Trigger {
  // The mark is what the script exports: by it the export's name becomes the trigger's name.
  const mark: Trigger = Object.freeze({ event });
  registered.push({ event, conditions, handler, mark });
  return mark;
}
