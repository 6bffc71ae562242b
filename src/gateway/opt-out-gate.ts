import type { Clock } from "../model/clock.ts";
import type { OwnSendAction, Ran, Ruling } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";
import { wordsOf } from "../model/folded.ts";
import type { Log } from "../model/log.ts";
import type { OptOutSettings } from "../route/opt-out-settings.ts";
import type { Engine } from "../trigger/engine.ts";
import type { Inbound } from "./inbound.ts";
import type { OptOuts } from "./opt-outs.ts";

/** Characters; what is longer is a letter and no command. */
const commandLengthMax = 60;

/** Answers of one day that are remembered, so that none is given twice; beyond them none is given. */
const answersPerDayMax = 100_000;

const dayMs = 86_400_000;

/** The name under which it stands in traces. */
const who = "opt-out";

export interface OptOutGateParts {
  readonly engine: Pick<Engine, "decide">;
  readonly optOuts: Pick<OptOuts, "has" | "stop" | "remove">;
  readonly inbound: Pick<Inbound, "ownersOf" | "ownerByKeyword">;
  /** undefined: nothing is configured, and no text is looked at. */
  readonly optOutSettings: () => OptOutSettings | undefined;
  /** Is there a queue that an answer can go into? */
  readonly queueFor: (target: {
    readonly channel: string;
  }) => { readonly queue: string } | { readonly code: ErrorCode };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Stands before the triggers: what a customer sends to somebody who is on the list is refused before any
 * of them is asked or charges for it; who writes STOP or START is on the list or off it when they hear of
 * it, and is answered in the transaction of their decision.
 */
export function withOptOuts(parts: OptOutGateParts): Pick<Engine, "decide"> {
  const { engine, optOuts, inbound, queueFor, clock, log } = parts;
  const commands = commandsOf(parts.optOutSettings);
  let answered = new Set<string>();
  let day = 0;

  return {
    decide(request) {
      if (request.kind !== "message") return engine.decide(request);
      const { event } = request;
      if (event.origin === "customer") return toPeople(event);
      const command = commands.in(event.text);
      return command === undefined || !isMeant(event, command)
        ? engine.decide(request)
        : fromPerson(event, command);
    },
  };

  /** A word beside it that is nobody's keyword makes it a sentence: `do not stop`. */
  function isMeant({ message: { to } }: MessageEvent, { keyword }: Command): boolean {
    return keyword === "" || inbound.ownerByKeyword(to, keyword) !== undefined;
  }

  async function toPeople(event: MessageEvent): Promise<Ruling> {
    const { message, destinations = [message.to] } = event;
    const { account } = message;
    const stopped = destinations.filter((to) => optOuts.has(to, account));
    if (stopped.length === 0) return engine.decide({ kind: "message", event });
    if (stopped.length === destinations.length) {
      const reason = "the receiver wants no more messages";
      return { verdict: "reject", code: "opted_out", reason, ran: [] };
    }
    const ruling = await engine.decide({ kind: "message", event });
    if (ruling.verdict !== "accept") return ruling;
    // Those who are left out are told to the sender one by one.
    const forwards = ruling.forwards.flatMap((action) =>
      action.to !== undefined || action.destination !== undefined
        ? action
        : destinations
            .filter((to) => !stopped.includes(to))
            .map((destination) => ({ ...action, destination })),
    );
    return {
      ...ruling,
      forwards,
      ran: [...ruling.ran, told(`${stopped.length} receivers want nothing`)],
    };
  }

  async function fromPerson(event: MessageEvent, command: Command): Promise<Ruling> {
    const { from } = event.message;
    let accounts: readonly string[];
    try {
      accounts = await accountsOf(event, command);
      if (command.kind === "stop") await optOuts.stop(from, accounts);
      if (command.kind === "start")
        for (const account of accounts) await optOuts.remove(from, account, "message");
    } catch (cause) {
      // It comes again: the word of somebody who wants no more must not be lost.
      log.error({ channel: event.message.channel, err: cause }, "an opt-out could not be stored");
      const text = "the opt-out list could not be changed";
      return { verdict: "undecided", fault: "internal", text, ran: [] };
    }
    const ruling = await engine.decide({ kind: "message", event });
    const whose = accounts.map((account) => account || "everybody").join(", ");
    const ran = [...ruling.ran, told(`${command.kind} for ${whose}`)];
    if (ruling.verdict !== "accept") return { ...ruling, ran };
    const action = answerTo(event, command);
    const sends = action === undefined ? ruling.sends : [...ruling.sends, { trigger: who, action }];
    return { ...ruling, sends, ran };
  }

  /** Whose messages it is about; the empty one is everybody. */
  async function accountsOf(
    { message: { to } }: MessageEvent,
    { keyword }: Command,
  ): Promise<readonly string[]> {
    if (parts.optOutSettings()?.scope === "shared") return [""];
    const named = keyword === "" ? undefined : inbound.ownerByKeyword(to, keyword);
    if (named !== undefined) return [named];
    const owners = await inbound.ownersOf(to);
    return owners.length > 0 ? owners : [""];
  }

  /** undefined: there is nothing to say, it was said today, or there is no way to say it. */
  function answerTo(
    { message: { channel, from, to } }: MessageEvent,
    { kind, answer }: Command,
  ): OwnSendAction | undefined {
    if (answer === "" || "code" in queueFor({ channel })) return undefined;
    const today = Math.floor(clock.nowMs() / dayMs);
    if (today !== day) {
      day = today;
      answered = new Set();
    }
    const key = `${kind} ${from} ${to}`;
    if (answered.has(key) || answered.size >= answersPerDayMax) return undefined;
    answered.add(key);
    return { do: "send", channel, from: to, to: from, text: answer, despiteOptOut: true };
  }
}

interface Command {
  readonly kind: "stop" | "start" | "help";
  readonly answer: string;
  /** A word that stood beside it, which may be that of one who shares the number; or empty. */
  readonly keyword: string;
}

function commandsOf(settings: OptOutGateParts["optOutSettings"]): {
  in(text: string | undefined): Command | undefined;
} {
  let of: OptOutSettings | undefined;
  let known = new Map<string, Omit<Command, "keyword">>();

  return {
    in(text) {
      const now = settings();
      if (now === undefined || text === undefined || text.length > commandLengthMax)
        return undefined;
      if (now !== of) {
        of = now;
        known = knownBy(now);
      }
      const words = wordsOf(text);
      const whole = known.get(words.join(" "));
      if (whole !== undefined) return { ...whole, keyword: "" };
      if (words.length < 2) return undefined;
      const first = known.get(words.slice(1).join(" "));
      if (first !== undefined) return { ...first, keyword: words[0] ?? "" };
      const last = known.get(words.slice(0, -1).join(" "));
      return last && { ...last, keyword: words.at(-1) ?? "" };
    },
  };
}

function knownBy({ languages }: OptOutSettings): Map<string, Omit<Command, "keyword">> {
  const known = new Map<string, Omit<Command, "keyword">>();
  for (const one of Object.values(languages))
    for (const kind of ["stop", "start", "help"] as const)
      for (const text of one[kind]) {
        const words = wordsOf(text).join(" ");
        if (!known.has(words)) known.set(words, { kind, answer: one[`${kind}Answer`] });
      }
  return known;
}

function told(text: string): Ran {
  return { trigger: who, version: 0, us: 0, actions: [{ do: "trace", text }] };
}
