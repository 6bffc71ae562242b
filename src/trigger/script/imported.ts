import type { ours } from "./prelude.ts";

/** What stands for "signalbox" in the bundle of a script. */

declare const signalbox: typeof ours;

export const {
  onAccount,
  onBind,
  onChannel,
  onMessage,
  onReport,
  onSchedule,
  onSession,
  onStatus,
} = signalbox;
// Bundled with the files that use it, and with no others.
export { sms } from "../sdk.ts";
