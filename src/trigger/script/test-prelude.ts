import { test } from "../sdk-test.ts";
import { sdk } from "./prelude.ts";
import { collect, describe, pump } from "./test-runtime.ts";

/** The same before a test file, which may import triggers as well. */
export const ours = { pump, collect, describe, ...sdk, test };

Object.defineProperty(globalThis, "signalbox", { value: ours, configurable: true });
