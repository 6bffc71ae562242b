import type { TriggerVersionText, TriggerVersionView } from "../model/view.ts";

/** What the routes ask the trigger engine for; `src/trigger/control.ts` says what each of them means. */
export interface TriggerControl {
  versions(name: string): Promise<readonly TriggerVersionView[]>;
  version(name: string, version: number | undefined): Promise<TriggerVersionText>;
  rollback(name: string, to: number | undefined, by: string): Promise<void>;
  followFolder(name: string, by: string): Promise<void>;
  disable(name: string, by: string): Promise<void>;
  enable(name: string, by: string): Promise<void>;
  release(name: string, by: string): Promise<void>;
  canary(name: string, wanted: CanaryBody, by: string): Promise<void>;
  promote(name: string, by: string): Promise<void>;
  endCanary(name: string, by: string): Promise<void>;
}

/** Exactly one of `share` (percent) and `accounts`. */
export interface CanaryBody {
  readonly share?: number;
  readonly accounts?: readonly string[];
  readonly version?: number;
}
