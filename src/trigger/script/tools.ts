import type { BindCheck, Owner, Tools } from "../sdk.ts";
import type { ChannelSettings } from "../sdk-channels.ts";
import type { RouteAnswer } from "../sdk-routes.ts";
import { cryptoOf } from "./crypto.ts";
import { sourcesOf, taken } from "./db.ts";
import { httpOf } from "./http.ts";
import { kvOf } from "./kv.ts";
import { optOutsOf } from "./opt-outs.ts";
import { ask, hostCall, log, type Run } from "./run.ts";
import { secrets } from "./secrets.ts";
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

  get channels(): Tools["channels"] {
    const run = this.#run;
    // JSON has no undefined, so a channel that is not there comes as null.
    return {
      default: async () =>
        (await hostCall<string | null>(run, "channels.default", [])) ?? undefined,
      settings: async (channel) =>
        (await hostCall<ChannelSettings | null>(run, "channels.settings", [channel])) ?? undefined,
    };
  }

  get db(): Tools["db"] {
    return sourcesOf(this.#run);
  }

  get kv(): Tools["kv"] {
    return kvOf(this.#run);
  }

  get optOuts(): Tools["optOuts"] {
    return optOutsOf(this.#run);
  }

  get http(): Tools["http"] {
    return httpOf(this.#run);
  }

  get secrets(): Tools["secrets"] {
    return secrets;
  }

  get crypto(): Tools["crypto"] {
    return cryptoOf(this.#run);
  }

  get messages(): Tools["messages"] {
    return messagesOf(this.#run);
  }

  get routes(): Tools["routes"] {
    const run = this.#run;
    return {
      resolve: async (about = {}) => answerOf(await hostCall(run, "routes.resolve", [about])),
      explain: async (about = {}) => answerOf(await hostCall(run, "routes.explain", [about])),
    };
  }

  get log(): Tools["log"] {
    return log;
  }

  get now(): Tools["now"] {
    const { atMs } = this.#run;
    return () => atMs;
  }
}

/** JSON has no undefined, so what is left out is not there. */
function answerOf(answer: RouteAnswer): RouteAnswer {
  return { ...answer, refused: answer.refused ?? undefined };
}

function messagesOf(run: Run): Tools["messages"] {
  return {
    send({ channel, account = null, from, to, text, priority = null, tlvs, dataCoding }) {
      const act = ["s", channel, account, from, to, text, priority, tlvActs(tlvs)] as const;
      ask(run, dataCoding === undefined ? act : [...act, dataCoding]);
    },
    find: (search) => hostCall(run, "messages.find", [search]),
  };
}

function accountsOf(run: Run): Tools["accounts"] {
  return {
    // Only the event's name leaves the isolate: the gateway has the password, no script ever does.
    verify: async (bind, against) => {
      if (bind.id !== run.eventId)
        throw new TypeError("verify takes the bind that this handler was given");
      if (against === undefined) return hostCall<BindCheck>(run, "accounts.verify", []);
      const asked = [against.scheme, ...taken(against.with)];
      return hostCall<BindCheck>(run, "accounts.verifyWith", asked);
    },
    // JSON has no undefined, so an owner who is not there comes as null.
    byNumber: async (number) =>
      (await hostCall<Owner | null>(run, "accounts.byNumber", [number])) ?? undefined,
  };
}
