/** How a provider writes an id. */
export type IdForm = (typeof idForms)[number];

export const idForms = ["decimal", "hex", "hexUpper", "padded", "uuid", "underscore"] as const;

/** The id in this form; each id has one of its own in every form. */
export function idIn(form: IdForm, id: number): string {
  switch (form) {
    case "decimal":
      return String(id);
    case "hex":
      return id.toString(16);
    case "hexUpper":
      return id.toString(16).toUpperCase();
    case "padded":
      return String(id).padStart(paddedDigits, "0");
    case "uuid":
      // A leading zero, which is no padding here, and must not be taken off.
      return `0e999f21-81ef-4974-a414-${id.toString(16).padStart(12, "0").slice(-12)}`;
    case "underscore":
      return `1_${String(id).padStart(14, "0")}`;
  }
}

/** Digits of a padded id; ids that are made of the time have 16. */
const paddedDigits = 20;
