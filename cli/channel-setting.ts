import { typedValue } from "../src/config/edit.ts";
import { alternatives, entryShapes, shapeOf, type Shape } from "../src/config/shape.ts";
import { settingsSchema } from "../src/settings.ts";

/**
 * The value of a channel's setting as it was typed: text where the setting is text, so that `+4930` and
 * `0123` stay what they are, and else what it would be in the file. Nothing takes the setting out, `""`
 * is the empty text.
 */
export function channelSetting(field: string, text: string): unknown {
  if (text === "") return null;
  if (text === '""') return "";
  return isText(field) ? text : typedValue(text);
}

function isText(field: string): boolean {
  const all = [shapeOf(settingsSchema.shape.channels)];
  const channels = entryShapes(all, "");
  const found = field
    .split(".")
    .reduce<readonly Shape[]>((shapes, step) => entryShapes(spread(shapes), step), channels);
  const kinds = spread(found);
  return kinds.length > 0 && kinds.every(({ type, enum: words }) => type === "string" || words);
}

function spread(shapes: readonly Shape[]): readonly Shape[] {
  return shapes.flatMap(alternatives);
}
