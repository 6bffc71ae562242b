import type { Directory, RouteChannel } from "./directory.ts";
import type { Candidate, NumberTable, Step } from "./question.ts";
import { type Target, targetFrom } from "./target.ts";

/** What is asked of the rest of the gateway while a target is resolved. All of it is in memory. */
export interface Surroundings {
  /** Could a message go out on it now? One that could not is tried after those that could. */
  readonly isUp: (channel: string) => boolean;
  /** Is this customer bound there, so that he could be given a message? */
  readonly isBound: (channel: string, account: string) => boolean;
  readonly tables: (name: string) => NumberTable | undefined;
}

/** What a target comes to. */
export interface Ways {
  readonly candidates: readonly Candidate[];
  /** What was there and could not be taken. */
  readonly passedOver: readonly Step[];
  /** The number may not be sent to at all. */
  readonly blocked?: string;
}

/** Whom the message is for, as far as targets look at it. */
export interface Addressee {
  readonly number: string;
  readonly account: string | undefined;
}

/** The ways that a target names, best first; none for a number table that says nothing of the number. */
export function waysTo(
  text: string,
  rule: string,
  whom: Addressee,
  directory: Directory,
  around: Surroundings,
): Ways {
  const target = targetFrom(text);
  if ("fault" in target) return none(rule, text, target.fault);
  if (target.kind === "table") return waysInTable(target.name, rule, whom, directory, around);
  return waysOf(target, text, rule, whom, directory, around);
}

function waysInTable(
  name: string,
  rule: string,
  whom: Addressee,
  directory: Directory,
  around: Surroundings,
): Ways {
  const found = around.tables(name)?.find(whom.number);
  const text = `table:${name}`;
  if (found === undefined) return none(rule, text, "there is no such table");
  const passedOver: Step[] = (found.passedOver ?? []).map(({ target, why }) => ({
    rule,
    target: `${text} ${target}`,
    taken: false,
    why,
  }));
  if (found.blocked !== undefined) return { candidates: [], passedOver, blocked: found.blocked };
  if (found.entries.length === 0)
    passedOver.push({ rule, target: text, taken: false, why: `says nothing of ${whom.number}` });
  const candidates: Candidate[] = [];
  for (const { provider, price, quality, why } of found.entries) {
    const target = targetFrom(provider);
    const ways =
      "fault" in target
        ? none(rule, provider, target.fault)
        : target.kind === "table"
          ? none(rule, provider, "a table leads to channels only, not to a table")
          : waysOf(target, provider, rule, whom, directory, around);
    passedOver.push(...ways.passedOver);
    for (const one of ways.candidates)
      candidates.push({
        ...one,
        ...(price === undefined ? {} : { price }),
        ...(quality === undefined ? {} : { quality }),
        table: name,
        why,
      });
  }
  return { candidates, passedOver };
}

function waysOf(
  target: Exclude<Target, { readonly kind: "table" }>,
  text: string,
  rule: string,
  addressee: Addressee,
  directory: Directory,
  around: Surroundings,
): Ways {
  const { account } = addressee;
  switch (target.kind) {
    case "channel": {
      const channel = directory.channel(target.name);
      if (channel?.hasCustomers === true) {
        const whose = target.account ?? account;
        if (whose === undefined)
          return none(rule, text, `customers bind there: name one, as ${text}/SYSTEM_ID`);
        return through([channel], text, rule, whose);
      }
      if (channel !== undefined) return through([channel], text, rule);
      const group = target.account === undefined ? directory.group(target.name) : [];
      return group.length > 0
        ? through(group, text, rule)
        : none(rule, text, "there is no such channel");
    }
    case "group":
      return through(directory.group(target.name), text, rule);
    case "smppclient":
      return through(
        directory.clients.filter(({ systemId }) => systemId === target.systemId),
        text,
        rule,
      );
    case "http": {
      const channel = directory.channel(target.name);
      if (channel?.module !== "http") return through([], text, rule);
      const same = { kind: "channel", name: target.name } as const;
      return waysOf(same, text, rule, addressee, directory, around);
    }
    case "smppserver": {
      // His messages wait where they were put, so it is the one where he is, else the first.
      const { systemId } = target;
      const usable = directory.servers.filter(({ enabled }) => enabled);
      const bound = usable.find(({ name }) => around.isBound(name, systemId));
      const one = bound ?? usable[0];
      return through(one === undefined ? [] : [one], text, rule, systemId);
    }
  }
}

function through(
  channels: readonly RouteChannel[],
  text: string,
  rule: string,
  account?: string,
): Ways {
  if (channels.length === 0) return none(rule, text, "there is no such channel");
  const why = channels.length > 1 ? `of ${text}` : "named by it";
  return {
    candidates: channels.flatMap(({ name, enabled }) =>
      enabled ? [{ channel: name, ...(account === undefined ? {} : { account }), rule, why }] : [],
    ),
    passedOver: channels.flatMap(({ name, enabled }) =>
      enabled ? [] : [{ rule, target: name, taken: false, why: `${name} is switched off` }],
    ),
  };
}

function none(rule: string, target: string, why: string): Ways {
  return { candidates: [], passedOver: [{ rule, target, taken: false, why: `${target}: ${why}` }] };
}
