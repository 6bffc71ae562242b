import type { ours } from "./test-prelude.ts";

/** What stands for "signalbox/test" in the bundle of a test file. */

declare const signalbox: typeof ours;

export const { test } = signalbox;
