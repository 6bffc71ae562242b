import { page, quoted, widthMax } from "./layout.ts";

/** One test of a template: a sentence, what it uses of the test's tools, and its lines. */
export interface Case {
  readonly sentence: string;
  readonly uses: readonly string[];
  readonly lines: readonly string[];
}

/** The file that stands beside a trigger. `constants`: lines in front of the first test. */
export function testFile(cases: readonly Case[], constants: readonly string[] = []): string {
  return page(
    ['import { test } from "signalbox/test";'],
    constants,
    ...cases.map(({ sentence, uses, lines }) => [
      ...head(sentence, [...uses, "assert"]),
      ...lines.map((line) => (line === "" ? "" : `  ${line}`)),
      "});",
    ]),
  );
}

function head(sentence: string, uses: readonly string[]): string[] {
  const start = `test(${quoted(sentence)}, async ({`;
  const line = `${start} ${uses.join(", ")} }) => {`;
  return line.length <= widthMax ? [line] : [start, ...uses.map((use) => `  ${use},`), "}) => {"];
}
