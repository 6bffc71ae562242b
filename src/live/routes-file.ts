import { faultLine, load } from "../config/load.ts";
import { sectionOf } from "../config/section.ts";
import { z } from "../config/schema.ts";
import { GatewayError } from "../model/error.ts";
import { routeFaults } from "../route/check.ts";
import { routesSettings } from "../route/settings.ts";
import { type Settings, directoryIn } from "../settings.ts";

/** A file that holds `routes:` and nothing else, as a person gives it. */
export interface RoutesFile {
  /** As its faults are told: `routes.yaml:7:11: routes.rules[3].match.to …`. */
  readonly name: string;
  readonly text: string;
}

/** More faults than this are not told: the first ones are most likely the cause of the rest. */
const faultsTold = 10;

/**
 * The routes of this file as they would stand in the configuration, checked against its channels. Throws
 * `bad_configuration` that tells each fault with its place in this file.
 */
export function routesIn(
  { name, text }: RoutesFile,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const schema = z.strictObject({ routes: routesSettings }).superRefine(({ routes }, context) => {
    for (const { path, text: message } of routeFaults(routes, directoryIn(settings)))
      context.addIssue({ code: "custom", path: ["routes", ...path], message });
  });
  const result = load({ path: name, schema, env, text });
  if ("faults" in result)
    throw new GatewayError(
      "bad_configuration",
      result.faults.slice(0, faultsTold).map(faultLine).join("; "),
    );
  const section = sectionOf(text, "routes");
  if (section !== undefined) return section;
  throw new GatewayError("bad_configuration", `${name}:1:1: has no \`routes:\` at its margin`);
}
