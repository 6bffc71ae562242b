import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Check } from "../src/conformance/check.ts";
import { SECTIONS } from "../src/conformance/checks.ts";

/** What our server was seen to answer, by check; `test/flow/conformance.test.ts` keeps it. */
export const answersFile = join(import.meta.dirname, "conformance-answers.json");

/** `docs/smpp-conformance.md`: each check of `signalbox conformance`, and our own server's answer. */
export function conformancePage(): string {
  const answers: unknown = JSON.parse(readFileSync(answersFile, "utf8"));
  const parts = SECTIONS.map(
    ({ title, checks }) => `## ${title}

| check | asked | specification | expected | Signalbox answers |
|---|---|---|---|---|
${checks.map((check) => row(check, answers)).join("\n")}
`,
  );
  return `# SMPP conformance

<!-- Made from src/conformance/*.ts and docs/conformance-answers.json by \`npm run docs\`. -->

What Signalbox does as a server with all that the specification knows, right and wrong. Each row is a
check over a socket. \`test/flow/conformance.test.ts\` runs the whole list against a gateway and holds the
last column; the same list can be run against any other server:

    signalbox conformance smpp.example.org:2775 --system-id us --password -

With \`--to\` and a phone of yours messages are submitted, too. A status of a refusal may stand in the
command's own answer or in a generic_nack. After each check the session must still answer enquire_link,
unless the check ends it.

${parts.join("\n")}`;
}

function row({ id, asks, section, expects }: Check, answers: unknown): string {
  const seen: unknown =
    typeof answers === "object" && answers !== null ? Reflect.get(answers, id) : undefined;
  const cells = [`\`${id}\``, asks, section, expects, typeof seen === "string" ? seen : ""];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
