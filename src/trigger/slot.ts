/**
 * A slot is the number by which gateway and host name one trigger of one version: the isolate's
 * number, which is never used again, and the trigger's place in its file.
 */

/** Triggers in one file; a file that registers more is refused. */
export const handlersMax = 64;

export function slotOf(isolate: number, handler: number): number {
  return isolate * handlersMax + handler;
}

export function isolateOf(slot: number): number {
  return Math.floor(slot / handlersMax);
}

export function handlerOf(slot: number): number {
  return slot % handlersMax;
}
