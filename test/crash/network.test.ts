/**
 * Goal: a peer that falls silent without a word, as behind a cut cable, is found out, nothing is lost,
 * and a stop under load with a start right behind it is no event for anybody. Method: `scenario.ts`
 * with a network in between that passes nothing and tells nobody.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionView } from "../../src/model/view.ts";
import { type Stage, prove, recoveryMs } from "./scenario.ts";
import { until } from "../support/gateway-process.ts";

test("the network to the provider falls silent in mid-load: he is found out, what was with him is sent again, listed", (context) =>
  prove(context, {
    what: "network to the provider silent until found out",
    silent: "provider",
    rate: 300,
    async strike({ gateway, toProvider }) {
      toProvider.silence();
      const isDown = async (): Promise<boolean> =>
        (await gateway.channels()).some(({ name, state }) => name === "SMPP1" && state === "down");
      assert.ok(await until(isDown, recoveryMs), "the silent provider is found out");
      toProvider.heal();
      return performance.now();
    },
    async recovered({ provider: { counts, until } }) {
      // What the network had kept arrives at once; new messages come on a new session.
      await until("bound", counts.bound + 1);
      await until("received", counts.received + 1);
    },
  }));

test("the network to the customer falls silent in mid-load: his session is closed, his reports wait for him", (context) =>
  prove(context, {
    what: "network to the customer silent until found out",
    silent: "customer",
    async strike({ gateway, toCustomer }) {
      toCustomer.silence();
      const isGone = async (): Promise<boolean> => (await customers(gateway)).length === 0;
      assert.ok(await until(isGone, recoveryMs), "the silent customer is found out");
      toCustomer.heal();
      return performance.now();
    },
  }));

test("a stop under load and a start right behind it: nothing is lost, nothing is sent twice", (context) =>
  prove(context, {
    what: "rolling restart: SIGTERM under load, started again at once",
    doublesNothing: true,
    async strike({ gateway }) {
      assert.equal(await gateway.stop(), 0);
      await gateway.restart();
      await gateway.untilUp();
    },
  }));

async function customers(gateway: Stage["gateway"]): Promise<readonly SessionView[]> {
  const sessions = (await gateway.api("GET", "/v1/sessions")) as SessionView[];
  return sessions.filter(({ channel }) => channel === "SMPP_SERVER1");
}
