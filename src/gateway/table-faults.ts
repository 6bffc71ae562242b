import { GatewayError } from "../model/error.ts";
import type { TableFault } from "../route/table-builder.ts";

/** Faults that are told of one file; who has more has most often one cause for all. */
export const faultsMax = 100;

/** What is wrong with a file, as it is found. */
export interface FaultList {
  readonly size: number;
  readonly add: (fault: TableFault) => void;
  /** `bad_number_table`, with a line for each of the first hundred by line. */
  throwIfAny(): void;
}

export function faultList(): FaultList {
  let kept: TableFault[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(fault) {
      size += 1;
      kept.push(fault);
      if (kept.length >= 2 * faultsMax) kept = first(kept);
    },
    throwIfAny() {
      if (size === 0) return;
      const shown = first(kept);
      const head = size === 1 ? "one fault" : `${size} faults`;
      const rest = size > shown.length ? `; the first ${shown.length}` : "";
      const lines = shown.map(({ line, text }) => `line ${line}: ${text}`);
      throw new GatewayError("bad_number_table", `${head}${rest}: ${lines.join("; ")}.`);
    },
  };
}

function first(faults: readonly TableFault[]): TableFault[] {
  return faults.toSorted((one, other) => one.line - other.line).slice(0, faultsMax);
}
