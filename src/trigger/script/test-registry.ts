import type { TestBody, TestOptions } from "../sdk-test.ts";

/** What a test file has declared, in that order. */
export interface RegisteredTest {
  readonly name: string;
  readonly options: TestOptions;
  readonly body: TestBody | undefined;
}

export const tests: RegisteredTest[] = [];

export function registerTest(name: string, options: TestOptions, body: TestBody | undefined): void {
  tests.push({ name, options, body });
}
