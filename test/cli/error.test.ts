import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { signalbox } from "./cli.ts";

describe("error", { concurrency: 4 }, () => {
  test("a code is told with its number, whose it is to act, whether to try again, and what to do", async () => {
    const throttled =
      "code   throttled\n" +
      "means  More messages than the account may send in that time; send slower.\n" +
      "whose  user\n" +
      "again  later\n" +
      "SMPP   0x58 ESME_RTHROTTLED\n" +
      "HTTP   429\n";
    assert.equal((await signalbox(["error", "show", "throttled"])).out, throttled);
    for (const status of ["0x58", "88", "esme_rthrottled"]) {
      const { out } = await signalbox(["error", "show", status]);
      assert.ok(out.includes(throttled), `${status}: ${out}`);
    }
  });

  test("a number tells all that it may mean, also what only SMPP or only a receipt knows", async () => {
    const { out } = await signalbox(["error", "show", "016"]);
    assert.match(out, /^err +016 expired_at_gateway$/m);
    assert.match((await signalbox(["error", "show", "0x55"])).out, /0x55 ESME_RINVNUMMSGS/);
    assert.match((await signalbox(["error", "show", "0x455"])).out, /0x455, made up by a vendor/);
    const json = await signalbox(["--json", "error", "show", "0x45"]);
    const codes = [...json.out.matchAll(/"code": "(\w+)"/g)].map(([, code]) => code);
    assert.ok(codes.includes("no_credit") && codes.includes("refused_by_rule"), json.out);
  });

  test("every code is listed, and one that is none is told as such", async () => {
    assert.match((await signalbox(["error", "list"])).out, /^no_credit +user +never +0x45/m);
    const none = await signalbox(["error", "show", "nonsense"]);
    assert.equal(none.code, 1);
    assert.match(none.err, /nothing is known of nonsense.*signalbox error list/);
  });
});
