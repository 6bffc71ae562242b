import assert from "node:assert/strict";
import { test } from "node:test";
import { stepsOf } from "../../cli/steps.ts";
import { forwarded } from "./views.ts";

test("an attempt of a part says which one it was", () => {
  const attempt = {
    tries: 1,
    channel: "SMPP1",
    providerId: "42",
    status: "SENT",
    error: undefined,
    atMs: 2,
    part: 2,
    parts: 3,
  } as const;
  const steps = stepsOf({ ...forwarded, log: [], attempts: [attempt] });
  assert.deepEqual(
    steps.map(({ what, text }) => [what, text]),
    [["attempt", "try 1 over SMPP1  part=2/3  SENT  id 42"]],
  );
});
