import { GatewayError } from "../model/error.ts";

/**
 * Reads the fields of one object of an event file, each with what stands for it when it is left out.
 * What is wrong is told at once, with the place: `signup.json: message.parts is no whole number`.
 */
export interface FieldReader {
  text(name: string, usual: string): string;
  /** null, and nothing where nothing is usual, is undefined. */
  maybeText(name: string, usual?: string): string | undefined;
  /** A whole number from `least` to `most`. */
  count(name: string, usual: number, least?: number, most?: number): number;
  maybeCount(name: string): number | undefined;
  flag(name: string, usual: boolean): boolean;
  choice<T extends string>(name: string, all: readonly T[], usual: T): T;
  texts(name: string): readonly string[] | undefined;
  /** Written in hex. */
  octets(name: string): Buffer | undefined;
  /** An object inside; `{}` when it is left out, undefined for null. */
  inner(name: string): FieldReader | undefined;
  /** The objects of a list, none when it is left out. */
  list(name: string): readonly FieldReader[];
  any(name: string): unknown;
  has(name: string): boolean;
  wrong(what: string): GatewayError;
  /** Throws for a field that nobody has asked for. */
  end(): void;
}

export function fieldReader(value: unknown, place: string): FieldReader {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fault(`${place} is no object`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const asked = new Set<string>();
  const take = (name: string): unknown => {
    asked.add(name);
    return fields.get(name);
  };
  const wrong = (name: string, what: string) => fault(`${place}.${name} ${what}`);

  function count(name: string, usual: number, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const given = take(name) ?? usual;
    if (typeof given !== "number" || !Number.isInteger(given) || given < least || given > most)
      throw wrong(name, `is no whole number from ${least} to ${most}`);
    return given;
  }

  function maybeText(name: string, usual?: string): string | undefined {
    const given = take(name);
    if (given === undefined) return usual;
    if (given === null) return undefined;
    if (typeof given !== "string") throw wrong(name, "is no text");
    return given;
  }

  function listed(name: string): readonly unknown[] | undefined {
    const given = take(name);
    if (given === undefined || given === null) return undefined;
    if (!Array.isArray(given)) throw wrong(name, "is no list");
    return given;
  }

  return {
    text(name, usual) {
      const given = take(name) ?? usual;
      if (typeof given !== "string") throw wrong(name, "is no text");
      return given;
    },
    maybeText,
    count,
    maybeCount: (name) => ((take(name) ?? undefined) === undefined ? undefined : count(name, 0)),
    flag(name, usual) {
      const given = take(name) ?? usual;
      if (typeof given !== "boolean") throw wrong(name, "is neither true nor false");
      return given;
    },
    choice(name, all, usual) {
      const given = take(name) ?? usual;
      const found = all.find((one) => one === given);
      if (found === undefined) throw wrong(name, `is none of ${all.join(", ")}`);
      return found;
    },
    texts(name) {
      return listed(name)?.map((one) => {
        if (typeof one !== "string") throw wrong(name, "is no list of texts");
        return one;
      });
    },
    octets(name) {
      const given = maybeText(name);
      if (given === undefined) return undefined;
      if (given.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(given))
        throw wrong(name, "is not written in hex");
      return Buffer.from(given, "hex");
    },
    inner(name) {
      const given = take(name);
      return given === null ? undefined : fieldReader(given ?? {}, `${place}.${name}`);
    },
    list: (name) =>
      (listed(name) ?? []).map((one, index) => fieldReader(one, `${place}.${name}[${index}]`)),
    any: take,
    has: (name) => fields.has(name),
    wrong: (what) => fault(`${place} ${what}`),
    end() {
      for (const name of fields.keys())
        if (!asked.has(name))
          throw fault(`${place}.${name} is unknown; there are ${[...asked].join(", ")}`);
    },
  };
}

function fault(text: string): GatewayError {
  return new GatewayError("bad_request", text);
}
