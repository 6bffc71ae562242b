import { isToProvider } from "./channel/catalog.ts";
import { routableChannels } from "./channel/routable.ts";
import { providerFault, routeFaults } from "./route/check.ts";
import { type Directory, directoryOf } from "./route/directory.ts";
import { strictFaults } from "./service/accounts-settings.ts";
import type { Settings } from "./settings.ts";

/** What is wrong between settings each of which is right by itself. */
export interface SettingsFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Asked whenever the settings are read. */
export function settingsFaults(settings: Settings): readonly SettingsFault[] {
  const faults: SettingsFault[] = [];
  const { keepTraceDays, keepMessageDays } = settings.retention;
  if (keepTraceDays > keepMessageDays)
    faults.push({
      path: ["retention", "keepTraceDays"],
      message: `must not be more than keepMessageDays (${keepMessageDays}): steps without their message help nobody`,
    });
  const { aheadMs, validityMs, reportWaitMs } = longestWaits(Object.values(settings.channels));
  const longestMs = aheadMs + validityMs + reportWaitMs;
  if (keepMessageDays * dayMs <= longestMs)
    faults.push({
      path: ["retention", "keepMessageDays"],
      message: `must be more than the longest scheduleAheadMs (${aheadMs}), the longest validityMs (${validityMs}) and the longest reports.waitMs (${reportWaitMs}) together, at least ${Math.floor(longestMs / dayMs) + 1}, else reports find no message`,
    });
  const [first, ...others] = defaultChannels(settings);
  for (const name of others)
    faults.push({
      path: ["channels", name, "default"],
      message: `must not be true because it is of ${first} already, and one channel is the default`,
    });
  for (const [name, channel] of Object.entries(settings.channels)) {
    const path = (key: string) => ["channels", name, key];
    const late = settings.eventDeadlineMs;
    if (isToProvider(channel)) continue;
    if (channel.type === "smpp-server" && channel.bindTimeoutMs <= late)
      faults.push({
        path: path("bindTimeoutMs"),
        message: `must be more than eventDeadlineMs (${late}), else a late decision finds nobody`,
      });
    if (channel.answerTimeoutMs <= late)
      faults.push({
        path: path("answerTimeoutMs"),
        message: `must be more than eventDeadlineMs (${late}), else a late decision finds nobody`,
      });
  }
  if (settings.passwords === "strict")
    for (const { id, text } of strictFaults(settings.accounts))
      faults.push({ path: ["accounts", id], message: text });
  for (const { path, text } of backupFaults(settings)) faults.push({ path, message: text });
  for (const { path, text } of routeFaults(settings.routes, directoryIn(settings)))
    faults.push({ path: ["routes", ...path], message: text });
  return faults;
}

/** The channels as the routing table names them. */
export function directoryIn({ channels }: Pick<Settings, "channels">): Directory {
  return directoryOf(routableChannels(channels));
}

/** A backup that leads nowhere, or back to the very channel. */
function backupFaults(
  settings: Pick<Settings, "channels">,
): readonly { readonly path: string[]; readonly text: string }[] {
  const directory = directoryIn(settings);
  return Object.entries(settings.channels).flatMap(([name, channel]) => {
    const { to } = "failures" in channel ? (channel.failures.backup ?? {}) : {};
    if (to === undefined) return [];
    const path = ["channels", name, "failures", "backup", "to"];
    if (to === name) return [{ path, text: "must be another channel" }];
    const faults = [to, `smppclient/${to}`].map((target) => providerFault(target, directory));
    const [fault] = faults;
    return fault === undefined || faults.includes(undefined) ? [] : [{ path, text: fault }];
  });
}

/** Where what is for a provider goes, and not for a certain one; undefined when no channel says so. */
export function defaultChannelOf(settings: Settings): string | undefined {
  return defaultChannels(settings)[0];
}

function defaultChannels({ channels }: Pick<Settings, "channels">): readonly string[] {
  return Object.entries(channels).flatMap(([name, channel]) =>
    isToProvider(channel) && channel.default ? [name] : [],
  );
}

const dayMs = 86_400_000;

/** A message may be scheduled, wait for its turn on one channel and for its report on another. */
function longestWaits(channels: readonly Settings["channels"][string][]): {
  readonly aheadMs: number;
  readonly validityMs: number;
  readonly reportWaitMs: number;
} {
  return {
    aheadMs: Math.max(
      0,
      ...channels.map((channel) => ("scheduleAheadMs" in channel ? channel.scheduleAheadMs : 0)),
    ),
    validityMs: Math.max(0, ...channels.map((channel) => channel.validityMs)),
    reportWaitMs: Math.max(
      0,
      ...channels.map((channel) => (isToProvider(channel) ? channel.reports.waitMs : 0)),
    ),
  };
}
