import type { ChannelPlanView, ConfigPlanView, SettingChangeView } from "../src/model/view.ts";
import { Refused } from "./failure.ts";
import { count, table } from "./print.ts";

/** What a change of the configuration does, or would do, for a person. */
export function planText(plan: ConfigPlanView): string {
  const { changes, channels, restart } = plan;
  if (changes.length === 0 && channels.length === 0)
    return "Nothing differs from what is in force.";
  const rows = changes.map((one) => [one.path, ...sidesOf(one)]);
  const lines = [table(["setting", "before", "after"], rows)];
  if (channels.length > 0) lines.push("", ...channels.map(stepText));
  if (restart.length > 0)
    lines.push("", `In force from the next start on only: ${restart.join(", ")}.`);
  return lines.join("\n");
}

/** A change was made but for some channels: the answer is printed, and then this is told. */
export function tellFailed({ channels }: ConfigPlanView): void {
  const failed = channels.filter((one) => one.failed !== undefined);
  if (failed.length === 0) return;
  const which = failed.map(({ channel, failed: why }) => `${channel} does not open (${why})`);
  throw new Refused(
    `${which.join(", ")} and goes on as before`,
    "Mend its settings, or take the change back with `signalbox config rollback`.",
  );
}

function sidesOf({ before, after }: SettingChangeView): string[] {
  return [valueText(before), valueText(after)];
}

function valueText(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function stepText({ channel, what, queued, failed }: ChannelPlanView): string {
  if (failed !== undefined) return `${channel}: ${failed}`;
  switch (what) {
    case "open":
      return `${channel} opens.`;
    case "adjust":
      return `${channel} is adjusted; its sessions stay.`;
    case "reopen":
      return `${channel} is made anew: its sessions are unbound first.`;
    case "close":
      return queued === 0
        ? `${channel} closes.`
        : `${channel} closes; ${count(queued, "message")} stay in its queue: signalbox queue move, or drop.`;
  }
}
