import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import type { Path } from "./place.ts";

/** A reference to the environment that could not be replaced. */
export interface EnvironmentFault {
  readonly path: Path;
  readonly node: Node;
  readonly text: string;
}

export interface Replaced {
  readonly faults: readonly EnvironmentFault[];
  /**
   * Values that are one reference and nothing else, by their path as JSON. The environment knows
   * text only, so such a value may be read as a number or boolean where the setting asks for one.
   */
  readonly whole: ReadonlyMap<string, Scalar>;
}

// Either an escaped `$${`, or a reference, or a `${` that is neither.
const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the text values below a node, in place; keys are left
 * alone. As in a shell, the default also stands in for an empty variable. `$${` is a plain `${`.
 */
export function replaceReferences(
  root: Node | null,
  env: Readonly<Record<string, string | undefined>>,
  rootPath: Path,
): Replaced {
  const faults: EnvironmentFault[] = [];
  const whole = new Map<string, Scalar>();
  const walk = (node: unknown, path: Path): void => {
    if (isAlias(node)) return; // Its anchor is replaced where it stands.
    if (isMap(node)) {
      for (const pair of node.items)
        walk(pair.value, [...path, String(isScalar(pair.key) ? pair.key.value : pair.key)]);
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    } else if (isScalar(node) && typeof node.value === "string") {
      const written = node.value;
      node.value = written.replace(reference, (found, name?: string, otherwise?: string) => {
        if (found === "$${") return "${";
        if (name === undefined) {
          const text =
            "holds a ${ that is no reference; write ${NAME} or ${NAME:-default}, or $${ for a plain ${";
          faults.push({ path, node, text });
          return "";
        }
        const value = env[name];
        if (value !== undefined && (value !== "" || otherwise === undefined)) return value;
        if (otherwise !== undefined) return otherwise;
        const text = `needs the environment variable ${name}, which is not set; set it, or write \${${name}:-default}`;
        faults.push({ path, node, text });
        return "";
      });
      const [match] = written.matchAll(reference);
      if (match?.[1] !== undefined && match[0] === written) whole.set(JSON.stringify(path), node);
    }
  };
  walk(root, rootPath);
  return { faults, whole };
}
