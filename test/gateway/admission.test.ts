import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../src/gateway/admission.ts";
import { standardOptions } from "../../src/model/account-options.ts";

test("[I45] places are counted by session, given back once, and never below what is bound", () => {
  let bindsMax = 2;
  const admission = createAdmission(() => ({ ...standardOptions, bindsMax }));
  assert.equal(admission.enter("A", "1"), undefined);
  assert.equal(admission.enter("A", "1"), undefined, "a second bind of one session takes no place");
  assert.equal(admission.enter("A", "2"), undefined);
  assert.equal(admission.enter("A", "3")?.code, "too_many_binds");
  assert.equal(admission.enter("B", "4"), undefined, "another account has its own");
  admission.gone("3");
  assert.equal(
    admission.enter("A", "5")?.code,
    "too_many_binds",
    "who had no place gives none back",
  );
  bindsMax = 1;
  admission.gone("1");
  admission.gone("1");
  assert.equal(admission.enter("A", "5")?.code, "too_many_binds");
  admission.gone("2");
  assert.equal(admission.enter("A", "5"), undefined);
  bindsMax = 0;
  for (let n = 10; n < 100; n += 1) assert.equal(admission.enter("A", String(n)), undefined);
});
