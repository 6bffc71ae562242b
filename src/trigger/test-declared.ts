/** A test as its file has declared it. */
export interface DeclaredTest {
  readonly name: string;
  /** Names of trigger files; undefined: those that its file is about. */
  readonly files: readonly string[] | undefined;
}

/** Tests in one file; more belong in two. */
const testsMax = 64;

const nameCharactersMax = 200;

/** Reads what a test file declared; text out of an isolate, so all is checked. Else what is wrong. */
export function testsOf(text: string): readonly DeclaredTest[] | string {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // Only a test that tampers with its runtime gets here.
    return "declares what cannot be read";
  }
  if (!Array.isArray(list) || list.length === 0)
    return "declares no test; call test of signalbox/test";
  if (list.length > testsMax)
    return `declares ${list.length} tests; ${testsMax} are allowed in one file`;
  const tests: DeclaredTest[] = [];
  for (const one of list as unknown[]) {
    const declared = testOf(one);
    if (typeof declared === "string") return declared;
    if (tests.some(({ name }) => name === declared.name))
      return `declares two tests of the name ${JSON.stringify(declared.name)}`;
    tests.push(declared);
  }
  return tests;
}

function testOf(item: unknown): DeclaredTest | string {
  if (!isRecord(item)) return "declares what cannot be read";
  const { name, options, body } = item;
  if (typeof name !== "string" || name.trim() === "" || name.length > nameCharactersMax)
    return `declares a test without a name of 1-${nameCharactersMax} characters`;
  if (body !== "function") return `declares a test without a function: ${JSON.stringify(name)}`;
  const files = isRecord(options) ? options["files"] : undefined;
  if (!isRecord(options) || (files !== undefined && !isNames(files)))
    return `declares a test whose files are no list of names: ${JSON.stringify(name)}`;
  return { name, files };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
}
