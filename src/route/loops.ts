import { compilePattern } from "../pattern/pattern.ts";
import type { Directory, RouteChannel } from "./directory.ts";
import { type Placed, allTaken } from "./placed.ts";
import type { RouteVariable } from "./question.ts";
import { targetsOf } from "./ready.ts";
import { waysTo } from "./ways.ts";

/**
 * The ways by which a message comes back to its first rule: a channel binds to a listener of this very
 * gateway, and the table takes what comes in there to that channel again. Only what is certain is told;
 * for all else there is the limit of hops. `rules`: as `placedRules` gives them, without faults.
 */
export function loopsOf(
  rules: readonly Placed[],
  directory: Directory,
): readonly { readonly at: Placed; readonly text: string }[] {
  const ends = rules.filter(({ rule }) => rule.rules === undefined);
  return ends.flatMap((first) => {
    const seen = [first];
    for (let now = first; ;) {
      const channel = homeward(now, directory);
      const next = channel && takerOf(now, channel, ends);
      if (channel === undefined || next === undefined) return [];
      if (next === first) {
        const way = seen.map(({ place }) => `routes.${place}`).join(", ");
        return [
          {
            at: first,
            text: `leads round in a circle: ${channel.name} binds to ${channel.leadsTo ?? ""} of this gateway, and what comes in there is taken by ${way} again; let the rule ask for \`channel\` or \`account\``,
          },
        ];
      }
      if (seen.includes(next)) return [];
      seen.push(next);
      now = next;
    }
  });
}

/** The channel that this rule leads to, if it leads back to us. */
function homeward({ rule }: Placed, directory: Directory): RouteChannel | undefined {
  const [target = "{}"] = targetsOf(rule.target);
  if (target.includes("{") || target.startsWith("table:")) return undefined;
  const around = { isUp: () => true, isBound: () => false, tables: () => undefined };
  const [way] = waysTo(
    target,
    "",
    { number: "", account: undefined },
    directory,
    around,
  ).candidates;
  const channel = way && directory.channel(way.channel);
  return channel?.leadsTo === undefined ? undefined : channel;
}

/** The rule that certainly takes what this one has sent over that channel. */
function takerOf(sent: Placed, channel: RouteChannel, ends: readonly Placed[]): Placed | undefined {
  const known: Partial<Record<RouteVariable, string>> = {
    channel: channel.leadsTo ?? "",
    account: channel.systemId ?? "",
    module: "smppserver",
    origin: "customer",
    sms_type: "message",
    submit_info: "SMPP",
    sms_stat: "",
  };
  const { to, from } = sent.rule;
  const isChanged = (variable: RouteVariable): boolean =>
    (variable === "to" && to !== undefined) || (variable === "from" && from !== undefined);
  const isBefore = (one: Placed): boolean => ends.indexOf(one) < ends.indexOf(sent);
  for (const one of ends) {
    const sure = one.asked.filter(({ variable }) => known[variable] !== undefined);
    if (!sure.every(({ variable, source }) => matches(source, known[variable] ?? ""))) continue;
    const others = one.asked.filter(({ variable }) => known[variable] === undefined);
    const isSame = !others.some(({ variable }) => isChanged(variable));
    // It has let this message pass once, and would do so again.
    if (one !== sent && isBefore(one) && sure.length === 0 && isSame) continue;
    if (isSame && allTaken(others, sent.asked)) return one;
    return undefined;
  }
  return undefined;
}

function matches(source: string, value: string): boolean {
  const pattern = compilePattern(source);
  return !("fault" in pattern) && pattern.test(value);
}
