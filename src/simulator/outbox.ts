import { RETRIED_STATUSES } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import type { Session } from "../smpp/session.ts";

/** A deliver_sm on its way to one who binds to the simulated provider. */
export interface Delivery {
  readonly sms: Sms;
  readonly kind: "report" | "message";
  /** Not over this session while there is another one. */
  readonly avoid?: Session | undefined;
  /** Called once. */
  readonly done: (outcome: DeliveryOutcome) => void;
}

/** command_status of the last answer, or why it was given up. */
export type DeliveryOutcome = { readonly status: number } | { readonly why: string };

/**
 * What waits for one system_id. It is sent in order over any of its sessions that receive, within
 * their windows; what is refused for now or lost with a connection is sent again.
 */
export interface Outbox {
  put(delivery: Delivery): void;
  /** A session of this system_id can receive from now on. */
  join(session: Session): void;
  leave(session: Session): void;
  /** Gives up all that waits. */
  close(): void;
}

/** Deliveries. Beyond it a new one is given up at once: nobody has bound to fetch it for long. */
export const outboxMax = 100_000;

/** Tries; a gateway that refuses for longer than this is what a person has come to look at. */
export const usualTries = 8;

export function createOutbox(retryDelayMs: number, triesMax = usualTries): Outbox {
  // A set keeps the order of entry and gives up its first in constant time.
  const waiting = new Set<Delivery>();
  const tries = new WeakMap<Delivery, number>();
  const sessions = new Set<Session>();
  const resting = new Map<Delivery, NodeJS.Timeout>();

  function pump(): void {
    for (const session of sessions) {
      let room = session.room();
      for (const delivery of waiting) {
        if (room <= 0) break;
        if (delivery.avoid === session && sessions.size > 1) continue;
        room -= 1;
        waiting.delete(delivery);
        send(session, delivery);
      }
    }
  }

  function send(session: Session, delivery: Delivery): void {
    const tried = (tries.get(delivery) ?? 0) + 1;
    tries.set(delivery, tried);
    try {
      session.send("deliver_sm", delivery.sms, (answer) => {
        if (answer.kind === "unanswered") again({ why: answer.why });
        else if (RETRIED_STATUSES.has(answer.status)) again({ status: answer.status });
        else delivery.done({ status: answer.status });
        pump();
      });
    } catch (cause) {
      // There was room, so it is a message that cannot be written.
      delivery.done({ why: cause instanceof Error ? cause.message : String(cause) });
    }

    function again(outcome: DeliveryOutcome): void {
      if (tried < triesMax) later(delivery);
      else delivery.done(outcome);
    }
  }

  function later(delivery: Delivery): void {
    const timer = setTimeout(() => {
      resting.delete(delivery);
      put(delivery);
    }, retryDelayMs);
    resting.set(delivery, timer);
  }

  function put(delivery: Delivery): void {
    if (waiting.size >= outboxMax) return delivery.done({ why: "too many wait" });
    waiting.add(delivery);
    pump();
  }

  return {
    put,
    join(session) {
      sessions.add(session);
      pump();
    },
    leave: (session) => void sessions.delete(session),
    close() {
      sessions.clear();
      const left = [...waiting, ...resting.keys()];
      for (const timer of resting.values()) clearTimeout(timer);
      resting.clear();
      waiting.clear();
      for (const { done } of left) done({ why: "the simulated provider has closed" });
    },
  };
}
