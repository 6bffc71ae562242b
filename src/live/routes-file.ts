import { faultLine, load } from "../config/load.ts";
import { sectionOf } from "../config/section.ts";
import { z } from "../config/schema.ts";
import { GatewayError } from "../model/error.ts";
import { routeFaults } from "../route/check.ts";
import { type RoutesSettings, routesSettings } from "../route/settings.ts";
import { directoryIn } from "../settings-faults.ts";
import type { Settings } from "../settings.ts";

/** A file that holds `routes:` and nothing else, as a person gives it. */
export interface RoutesFile {
  /** As its faults are told: `routes.yaml:7:11: routes.rules[3].match.to …`. */
  readonly name: string;
  readonly text: string;
}

/** More faults than this are not told: the first ones are most likely the cause of the rest. */
const faultsTold = 10;

/** What the routes of a file are checked against. */
export interface RoutesGround {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether there is a number table of this name; any is believed to be there when left out. */
  readonly hasTable?: ((name: string) => boolean) | undefined;
}

/** The routes of this file as they would stand in the configuration. Throws as `readRoutes` does. */
export function routesIn(file: RoutesFile, ground: RoutesGround): string {
  readRoutes(file, ground);
  const section = sectionOf(file.text, "routes");
  if (section !== undefined) return section;
  throw new GatewayError("bad_configuration", `${file.name}:1:1: has no \`routes:\` at its margin`);
}

/**
 * What the file says, checked against the channels of the configuration. Throws `bad_configuration` that
 * tells each fault with its place in this file.
 */
export function readRoutes(
  { name, text }: RoutesFile,
  { settings, env, hasTable }: RoutesGround,
): RoutesSettings {
  const schema = z.strictObject({ routes: routesSettings }).superRefine(({ routes }, context) => {
    for (const { path, text: message } of routeFaults(routes, directoryIn(settings), hasTable))
      context.addIssue({ code: "custom", path: ["routes", ...path], message });
  });
  const result = load({ path: name, schema, env, text });
  if ("faults" in result)
    throw new GatewayError(
      "bad_configuration",
      result.faults.slice(0, faultsTold).map(faultLine).join("; "),
    );
  return result.settings.routes;
}
