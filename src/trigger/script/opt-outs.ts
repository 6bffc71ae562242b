import type { OptOuts } from "../sdk-opt-outs.ts";
import { hostCall, type Run } from "./run.ts";

export function optOutsOf(run: Run): OptOuts {
  const call =
    (name: string): OptOuts["has"] =>
    (number, list) =>
      hostCall<boolean>(run, name, [number, list?.account ?? null]);
  return {
    has: call("optOuts.has"),
    add: call("optOuts.add"),
    remove: call("optOuts.remove"),
  };
}
