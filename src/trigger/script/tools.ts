import type { BindCheck, Owner, Tools } from "../sdk.ts";
import { ask, hostCall, log, type Run } from "./run.ts";
import { tlvActs } from "./tlvs.ts";

/**
 * The second argument of a handler: what it may ask the gateway for, bound to its event. A class
 * whose parts are made when they are asked for, because most handlers take none of them.
 */
export class RunTools implements Tools {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  get accounts(): Tools["accounts"] {
    return accountsOf(this.#run);
  }

  get messages(): Tools["messages"] {
    return messagesOf(this.#run);
  }

  get log(): Tools["log"] {
    return log;
  }

  get now(): Tools["now"] {
    const { atMs } = this.#run;
    return () => atMs;
  }
}

function messagesOf(run: Run): Tools["messages"] {
  return {
    send({ channel, account = null, from, to, text, priority = null, tlvs, dataCoding }) {
      const act = ["s", channel, account, from, to, text, priority, tlvActs(tlvs)] as const;
      ask(run, dataCoding === undefined ? act : [...act, dataCoding]);
    },
  };
}

function accountsOf(run: Run): Tools["accounts"] {
  return {
    // Only the event's name leaves the isolate: the gateway has the password, no script ever does.
    verify: (bind) =>
      bind.id === run.eventId
        ? hostCall<BindCheck>(run, "accounts.verify", [])
        : Promise.reject(new TypeError("verify takes the bind that this handler was given")),
    // JSON has no undefined, so an owner who is not there comes as null.
    byNumber: async (number) =>
      (await hostCall<Owner | null>(run, "accounts.byNumber", [number])) ?? undefined,
  };
}
