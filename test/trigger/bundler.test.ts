import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { transform } from "esbuild";
import { withBundler } from "../../src/trigger/bundler.ts";
import { until } from "../support/gateway-process.ts";

const isThere = (): boolean => {
  const children = execFileSync("ps", ["--ppid", String(process.pid), "-o", "args="]).toString();
  return /esbuild.*--service/.test(children);
};

test("the bundler's process ends when nothing was to be made for half a minute, and is there for the next", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const make = () => withBundler(() => transform("let a: number = 1", { loader: "ts" }));
  await make();
  t.mock.timers.tick(29_999);
  assert.ok(isThere());
  const both = Promise.all([make(), make()]);
  t.mock.timers.tick(30_000);
  await both;
  assert.ok(isThere(), "it is not ended while it works");
  t.mock.timers.tick(30_000);
  t.mock.timers.reset();
  assert.ok(await until(() => Promise.resolve(!isThere()), 10_000));
  assert.match((await make()).code, /let a = 1/);
});
