// `npm run bench quick`: one measurement by its name.
import { argv, exit, stderr } from "node:process";
import { charts } from "./charts.ts";
import { full } from "./full.ts";
import { http } from "./http.ts";
import { ledger } from "./ledger.ts";
import { matching } from "./matching.ts";
import { quick } from "./quick.ts";
import { routes } from "./routes.ts";
import { triggerConditions } from "./trigger-conditions.ts";
import { triggerCost } from "./trigger-cost.ts";

/** Each resolves to false when something was wrong with what was measured, such as a lost message. */
const BENCHES: Readonly<Record<string, () => Promise<boolean>>> = {
  quick,
  full,
  http,
  ledger,
  matching,
  charts,
  routes,
  triggers: triggerCost,
  conditions: triggerConditions,
};

const name = argv[2] ?? "";
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  stderr.write(`usage: npm run bench NAME, one of: ${Object.keys(BENCHES).join(", ")}\n`);
  exit(2);
}
exit((await bench()) ? 0 : 1);
