import { acknowledge } from "./acknowledge.ts";
import { applyReport } from "./apply-report.ts";
import { assembleMultipart } from "./assemble-multipart.ts";
import { autoReply } from "./auto-reply.ts";
import { bind } from "./bind.ts";
import { databaseQuery } from "./database-query.ts";
import { dialogs } from "./dialogs.ts";
import { empty } from "./empty.ts";
import { failover } from "./failover.ts";
import { floodGuard } from "./flood-guard.ts";
import { forward } from "./forward.ts";
import { forwardReport } from "./forward-report.ts";
import { keywordReply } from "./keyword-reply.ts";
import { quietHours } from "./quiet-hours.ts";
import { receiveForward } from "./receive-forward.ts";
import { routeByRange } from "./route-by-range.ts";
import { schedule } from "./schedule.ts";
import { stopList } from "./stop-list.ts";
import type { Template } from "./template.ts";
import { webQuery } from "./web-query.ts";

export type { Ask, Given, Kind, Template, Written } from "./template.ts";

/** All that `signalbox trigger new` can write, in the order in which a message meets them. */
export const TEMPLATES: readonly Template[] = [
  empty,
  bind,
  acknowledge,
  forward,
  routeByRange,
  databaseQuery,
  webQuery,
  applyReport,
  forwardReport,
  failover,
  receiveForward,
  dialogs,
  autoReply,
  keywordReply,
  assembleMultipart,
  stopList,
  quietHours,
  floodGuard,
  schedule,
];
