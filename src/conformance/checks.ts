import { BINDS } from "./binds.ts";
import type { Check } from "./check.ts";
import { FRAMES } from "./frames.ts";
import { LINK } from "./link.ts";
import { OPERATIONS } from "./operations.ts";
import { STATES } from "./states.ts";
import { SUBMITS } from "./submits.ts";
import { TIMEOUTS } from "./timeouts.ts";
import { TLVS } from "./tlvs.ts";

/** A part of the list, under the heading that it has in `docs/smpp-conformance.md`. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** All that a server is asked, in this order. */
export const SECTIONS: readonly Section[] = [
  { title: "Binds and versions", checks: BINDS },
  { title: "Requests in each state", checks: STATES },
  { title: "Frames that are broken, cut or joined", checks: FRAMES },
  { title: "The link, the window, sequence numbers", checks: LINK },
  { title: "Messages", checks: SUBMITS },
  { title: "TLVs", checks: TLVS },
  { title: "Query, cancel, replace and the other operations", checks: OPERATIONS },
  { title: "Time-outs", checks: TIMEOUTS },
];

export const CHECKS: readonly Check[] = SECTIONS.flatMap(({ checks }) => checks);
