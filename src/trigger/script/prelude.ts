import {
  onAccount,
  onBind,
  onChannel,
  onMessage,
  onReport,
  onSchedule,
  onSession,
  onStatus,
} from "../sdk.ts";
import { collect, describe, pump } from "./runtime.ts";

/** What a script imports from "signalbox", but for `sms`, which has large tables: see imported.ts. */
export const sdk = {
  onAccount,
  onBind,
  onChannel,
  onMessage,
  onReport,
  onSchedule,
  onSession,
  onStatus,
} as const;

/**
 * What runs in an isolate before the script: the same for all, so that a host compiles it once. The name is taken away
 * when the script has been loaded.
 */
export const ours = { pump, collect, describe, ...sdk };

Object.defineProperty(globalThis, "signalbox", { value: ours, configurable: true });
