import type { Channel } from "../channel/channel.ts";
import type { ForwardAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";
import type { TraceLine } from "../model/message.ts";
import { numberAtName } from "../model/number-at-name.ts";
import type { RouteTableView } from "../model/route-view.ts";
import { type Directory, directoryOf } from "../route/directory.ts";
import type {
  Candidate,
  NumberTable,
  Resolved,
  RouteModule,
  RouteQuestion,
  Router,
} from "../route/question.ts";
import { createRouter } from "../route/router.ts";
import { placedRules } from "../route/placed.ts";
import { targetsOf } from "../route/ready.ts";
import { type Addressee, waysTo } from "../route/ways.ts";
import type { RoutesSettings } from "../route/settings.ts";
import type { ForwardToOne, Undirected } from "./many.ts";

export interface RoutingParts {
  readonly channel: (name: string) => Channel | undefined;
  /** An operator holds it. */
  readonly held: (channel: string) => boolean;
  /** A failure policy leaves it alone for a while; never when left out. */
  readonly stopped?: (channel: string) => boolean;
  /** The target that this account has for what no rule takes; empty when it has none. */
  readonly routeOf: (account: string) => string;
  readonly now: () => number;
}

/** What a question says that somebody asks by hand; all else is as of a customer's message. */
export type AskedByHand = Partial<RouteQuestion> & Pick<RouteQuestion, "to">;

/** The routing table in force, and what it is asked by. */
export interface Routing extends Router {
  /** The table in force. */
  settings(): RoutesSettings;
  /** Puts another table in force, whole; a message that is being asked about goes on with the old one. */
  use(settings: RoutesSettings, directory: Directory): void;
  /** Where `table:NAME` finds its tables; none before. */
  lookUpIn(tables: (name: string) => NumberTable | undefined): void;
  /** Another table over the channels as they are, for a plan; it is asked and never in force. */
  tried(
    settings: RoutesSettings,
    table?: { readonly name: string; readonly table: NumberTable },
  ): Router;
  /** The ways that one target comes to, best first, whatever the rules say. */
  waysTo(target: string, whom: Addressee): readonly Candidate[];
  /** What a channel is, for a question about what came in on it. */
  moduleOf(channel: string): RouteModule | "";
  /** A question with what is left out filled in. */
  questionOf(asked: AskedByHand): RouteQuestion;
}

/** Empty until `use` is called. */
export function createRouting(parts: RoutingParts): Routing {
  const { channel, held, routeOf } = parts;
  let tables: (name: string) => NumberTable | undefined = () => undefined;
  let directory = directoryOf([]);
  const around = { isUp, isBound, tables: (name: string) => tables(name) };
  let inForce: RoutesSettings = { rules: [] };
  let router = createRouter(inForce, directory, around);

  return {
    settings: () => inForce,
    use(settings, next) {
      inForce = settings;
      directory = next;
      router = createRouter(settings, next, around);
    },
    lookUpIn: (found) => (tables = found),
    tried(settings, other) {
      const found = (name: string) => (name === other?.name ? other.table : tables(name));
      return createRouter(settings, directory, { ...around, tables: found });
    },
    resolve: (question, how) => router.resolve(question, how),
    waysTo: (target, whom) => waysTo(target, "else", whom, directory, around).candidates,
    moduleOf,
    questionOf(asked) {
      const { account, channel: on = "", origin = "customer" } = asked;
      const module = on === "" ? (origin === "customer" ? "smppserver" : "") : moduleOf(on);
      const senderDefault = account === undefined ? undefined : routeOf(account);
      const whole = { from: "", channel: on, smsType: "message", parts: 1, module } as const;
      const submitted = submitInfo(asked.module ?? module, origin);
      const variables = { submit_info: submitted, ...asked.variables };
      return { ...whole, senderDefault, ...asked, origin, variables };
    },
  };

  function isUp(name: string): boolean {
    return !held(name) && parts.stopped?.(name) !== true && channel(name)?.view().state === "up";
  }

  function isBound(name: string, account: string): boolean {
    const sessions = channel(name)?.sessions() ?? [];
    return sessions.some((one) => one.account === account && one.bindType !== "transmitter");
  }

  function moduleOf(name: string): RouteModule | "" {
    return directory.channel(name)?.module ?? "";
  }
}

/** How its life began, as a rule sees it. */
export function submitInfo(
  module: RouteModule | "",
  origin: RouteQuestion["origin"],
): "SMPP" | "HTTP" | "" {
  if (origin !== "customer") return "";
  return module === "http" ? "HTTP" : "SMPP";
}

/** What the table is asked about a message that a trigger forwards, or about one that came in. */
export function questionAbout(
  { message, origin, text, parts, encoding }: MessageEvent,
  { from, to, text: another, account }: Partial<Omit<ForwardAction, "do" | "channel">>,
  { routeOf, moduleOf }: Pick<RoutingParts, "routeOf"> & Pick<Routing, "moduleOf">,
): RouteQuestion {
  const { channel, sms } = message;
  const module = moduleOf(channel);
  const whose = account ?? message.account;
  return {
    from: from ?? message.from,
    to: to ?? message.to,
    text: another ?? text,
    account: whose,
    origin,
    channel,
    module,
    smsType: "message",
    parts,
    senderDefault: whose === undefined ? undefined : routeOf(whose),
    variables: {
      submit_info: submitInfo(module, origin),
      billid: message.root,
      service_type: sms?.serviceType ?? "",
      data_coding: String(sms?.dataCoding ?? 0),
      priority: String(sms?.priority ?? 0),
      encoding: encoding ?? "",
    },
  };
}

/** A forward with its channel, or why it has none. */
export type Routed =
  | { readonly action: ForwardToOne; readonly lines: readonly TraceLine[] }
  | { readonly code: ErrorCode | number; readonly reason: string };

/** What a forward is given its way by. */
export type RoutedBy = Pick<RoutingParts, "routeOf" | "now"> &
  Pick<Routing, "resolve" | "moduleOf" | "waysTo">;

/**
 * Gives a forward that names no channel the way that the table says; one that names its channel costs
 * nothing. `account`: whose the message is by the word of a trigger.
 */
export function routed(
  event: MessageEvent,
  action: Undirected,
  account: string | undefined,
  parts: RoutedBy,
): Routed {
  const { channel } = action;
  const to = action.to ?? action.receiver?.to ?? event.message.to;
  if (channel !== undefined) {
    // What stands behind an `@` is for the table, and no provider knows it.
    const at = to.includes("@") ? numberAtName(to) : undefined;
    const bare = at === undefined ? {} : { to: at.number };
    const directed = { ...action, channel, ...bare };
    const { else: others = [] } = action;
    if (others.length === 0) return { action: directed, lines: [] };
    const whom = { number: to, account: action.account ?? account ?? event.message.account };
    const candidates: Candidate[] = [];
    for (const target of others) {
      const ways = parts.waysTo(target, whom);
      if (ways.length === 0)
        return { code: "unknown_channel", reason: `else: ${target} leads nowhere` };
      candidates.push(...ways);
    }
    return { action: { ...directed, candidates }, lines: [] };
  }
  const whose = action.account ?? account ?? event.message.account;
  const question = questionAbout(
    event,
    { ...action, to, ...(whose === undefined ? {} : { account: whose }) },
    parts,
  );
  const { candidates, steps, refused } = parts.resolve(question);
  const [way, ...others] = candidates;
  if (way === undefined)
    return refused ?? { code: "no_route", reason: "the routing table names no way" };
  const why = steps.find(({ taken, rule }) => taken && rule === way.rule)?.why ?? way.why;
  const facts: Record<string, string> = { rule: way.rule, why };
  if (way.to !== undefined) facts["to"] = way.to;
  if (way.from !== undefined) facts["from"] = way.from;
  if (way.price !== undefined) facts["price"] = way.price;
  if (others.length > 0) facts["next"] = others.map(wayText).join(", ");
  const line: TraceLine = { at: parts.now(), what: "routed", facts };
  return {
    action: {
      ...action,
      channel: way.channel,
      ...(way.account === undefined ? {} : { account: way.account }),
      ...(way.to === undefined ? {} : { to: way.to }),
      ...(way.from === undefined ? {} : { from: way.from }),
      ...(others.length === 0 ? {} : { candidates: others }),
      ...(way.price === undefined ? {} : { price: way.price }),
    },
    lines: [line],
  };
}

/** `SMPP1`, or `SMPP_SERVER1/Test1` for a customer's sessions. */
export function wayText({ channel, account }: Pick<Candidate, "channel" | "account">): string {
  return account === undefined ? channel : `${channel}/${account}`;
}

/** What is told of a question by hand. */
export function explained(routing: Routing, asked: AskedByHand): Resolved {
  return routing.resolve(routing.questionOf(asked), { explain: true });
}

export function tableView({ rules, default: standard }: RoutesSettings): RouteTableView {
  return {
    default: standard,
    rules: placedRules(rules).map(({ rule, place }) => {
      const { name, match = {}, target, to, from, refuse } = rule;
      return { place, name, match, targets: targetsOf(target), to, from, refuse };
    }),
  };
}
