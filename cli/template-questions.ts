import type { Ask } from "../src/trigger/templates/templates.ts";
import type { Questioner, Suggestions } from "./template-answers.ts";

/** Where a person is asked; the terminal, unless a test says otherwise. */
export interface Screen {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Asks at a terminal: a list to choose from where there is one, else a line to type. */
export async function openQuestions(screen: Screen): Promise<Questioner> {
  // Only here: without a terminal nobody is asked, and no other command asks in this way.
  const { checkbox, input, select } = await import("@inquirer/prompts");
  return async (ask, { choices, preset, fault }) => {
    const message = `${sentence(ask.what)}?`;
    if (choices !== undefined && choices.length > 0 && ask.many === true)
      return checkbox(
        {
          message,
          choices: choices.map((value) => ({ value, checked: isChosen(value, choices, preset) })),
          required: preset === undefined,
        },
        screen,
      );
    if (choices !== undefined && choices.length > 0 && preset?.[0] !== "") {
      const first = preset?.[0] ?? choices[0] ?? "";
      return [await select({ message, choices: [...choices], default: first }, screen)];
    }
    const typed = await input(typing(message, ask, preset, fault), screen);
    return partsOf(typed, ask);
  };
}

function typing(
  message: string,
  ask: Ask,
  preset: Suggestions["preset"],
  fault: Suggestions["fault"],
) {
  const byPreset = preset?.join(", ") ?? "";
  return {
    message: ask.many === true ? `${message} (several with ; between)` : message,
    ...(byPreset === "" ? {} : { default: byPreset }),
    validate: (typed: string) => {
      const parts = partsOf(typed, ask);
      if (typed.trim() === "" || typed === byPreset)
        return preset === undefined ? `for example ${ask.example}` : true;
      return parts.map(fault).find((wrong) => wrong !== undefined) ?? true;
    },
  };
}

/** What was typed into one line. */
function partsOf(typed: string, { many, preset }: Ask): readonly string[] {
  if (many !== true) return [typed];
  if (Array.isArray(preset) && typed === preset.join(", ")) return preset.map(String);
  return typed
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Without a preset the one that fits best is chosen already. */
function isChosen(
  value: string,
  choices: readonly string[],
  preset: Suggestions["preset"],
): boolean {
  return preset === undefined ? value === choices[0] : preset.includes(value);
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
