import { registered } from "./registry.ts";
import type { Run } from "./run.ts";
import { EVENTS } from "./runtime.ts";
import { tests } from "./test-registry.ts";
import { runTest } from "./test-run.ts";

/** What runs beside a test file in its isolate: each of its tests is a handler. */

export { collect, pump } from "./runtime.ts";

/** What was declared, as JSON; the triggers of a file that a test imports are not run in here. */
export function describe(): string {
  registered.length = 0;
  EVENTS["test"] = { from: (_values, run) => run };
  for (const test of tests)
    registered.push({
      event: "test",
      conditions: {},
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- EVENTS gives what is made above.
      handler: (run) => runTest(run as Run, test),
      mark: { event: "test" },
    });
  return JSON.stringify(
    tests.map(({ name, options, body }) => ({ name, options, body: typeof body })),
  );
}
