import type { HostFunctions } from "../trigger/engine.ts";
import { textAt, textOrNone } from "./arguments.ts";

/** The lists, as the gateway keeps them. */
export interface OptOutLists {
  has(number: string, account: string | undefined): boolean;
  add(number: string, account: string | undefined, by: string): Promise<boolean>;
  remove(number: string, account: string | undefined, by: string): Promise<boolean>;
}

/** `optOuts` of scripts. */
export function createOptOuts(lists: OptOutLists): HostFunctions {
  return {
    "optOuts.has": async (args) =>
      lists.has(textAt(args, 0, "number"), textOrNone(args, 1, "account")),
    "optOuts.add": (args, _request, _callId, { trigger }) =>
      lists.add(textAt(args, 0, "number"), textOrNone(args, 1, "account"), `trigger ${trigger}`),
    "optOuts.remove": (args, _request, _callId, { trigger }) =>
      lists.remove(textAt(args, 0, "number"), textOrNone(args, 1, "account"), `trigger ${trigger}`),
  };
}
