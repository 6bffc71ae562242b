/**
 * What is written about the command line is true: every command that a page or an advice names is
 * there, and every command that is there stands in the operator's page with an example.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS } from "../../src/model/error.ts";
import { signalbox } from "./cli.ts";

const ROOT = join(import.meta.dirname, "../..");

/** `channel list`, `status`: what can be typed, as the helps tell it. */
async function commands(): Promise<readonly string[]> {
  const top = commandsIn((await signalbox(["--help"])).out);
  const nouns = await Promise.all(
    top.map(async (noun) => {
      const { out } = await signalbox([noun, "--help"]);
      const verbs = commandsIn(out).map((verb) => `${noun} ${verb}`);
      // A noun may do something by itself, and say in its first line with what.
      return verbs.length === 0 || /^Usage: .*</.test(out) ? [noun, ...verbs] : verbs;
    }),
  );
  return nouns.flat();
}

function commandsIn(help: string): string[] {
  const [, rest = ""] = help.split("\nCommands:\n");
  const [list = ""] = rest.split("\n\n");
  const names = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name ?? "");
  return names.filter((name) => name !== "help");
}

/** Each `signalbox …` in a text that is set as code. */
function namedIn(text: string): string[] {
  return [...text.matchAll(/(?:`|^ {4}|^)(?:npx )?signalbox ([a-z][^`\n]*)/gm)].map(
    ([, line]) => line ?? "",
  );
}

test("each command that is named in the documents or in an advice is there, and each has an example", async () => {
  const all = await commands();
  assert.ok(all.includes("queue drop") && all.includes("status"), all.join());
  const isThere = (line: string) => all.some((name) => `${line} `.startsWith(`${name} `));
  const nouns = new Set(all.map((name) => name.split(" ")[0]));

  // The promises tell also what is still to come.
  const pages = readdirSync(join(ROOT, "docs")).filter(
    (name) => name.endsWith(".md") && name !== "promises.md",
  );
  const texts = ["README.md", ...pages.map((name) => `docs/${name}`)].map((name) => ({
    name,
    text: readFileSync(join(ROOT, name), "utf8"),
  }));
  const advices = {
    name: "error.ts",
    text: Object.values(ERRORS)
      .map((one) => one.advice)
      .join("\n"),
  };
  const lost = [...texts, advices].flatMap(({ name, text }) =>
    namedIn(text)
      // A noun alone stands for all its verbs.
      .filter((line) => !isThere(line) && !nouns.has(line.trim()))
      .map((line) => `${name}: signalbox ${line}`),
  );
  assert.deepEqual(lost, []);

  const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
  const shown = namedIn(page);
  assert.deepEqual(
    all.filter((name) => !shown.some((line) => `${line} `.startsWith(`${name} `))),
    [],
    "commands without an example in docs/operations.md",
  );
});
