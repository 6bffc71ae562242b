import { constantPairs, declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const routeByRange: Template = {
  name: "route-by-range",
  summary: "choose the channel by how the number begins",
  description:
    "Passes a message on to the channel of the longest range that its number begins with.",
  order: 20,
  asks: [
    ASKS.fromCustomers,
    {
      name: "route",
      what: "which numbers go where, as prefix=channel",
      kind: { is: "pair", key: "prefix", channel: true },
      many: true,
      example: "+31=SMPP1",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    // Longest first, so that the first that fits is the one.
    const routes = given
      .pairs("route")
      .toSorted(([one], [other]) => other.length - one.length || (one < other ? -1 : 1));
    const [prefix, channel] = routes[0] ?? ["+31", "SMPP1"];
    const number = `${prefix}${"6123456789".slice(0, Math.max(1, 12 - prefix.length))}`;
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        [
          "/** How numbers begin and where they go. The first that fits counts: longer ones stand first. */",
          ...constantPairs("routes", routes),
        ],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "(message)",
          body: [
            "const route = routes.find(([prefix]) => message.to.startsWith(prefix));",
            'if (route === undefined) message.reject("no_route", `no range of ${message.to}`);',
            "else message.forward({ channel: route[1] });",
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "a number of a range goes to its channel",
          uses: ["message"],
          lines: [
            `const outcome = await message({ channel: ${from}, to: ${quoted(number)} });`,
            `assert.deepEqual(outcome.forwards, [{ channel: ${quoted(channel)} }]);`,
          ],
        },
        {
          sentence: "a number of none is refused",
          uses: ["message"],
          lines: [
            `const outcome = await message({ channel: ${from}, to: "4711" });`,
            'assert.equal(outcome.code, "no_route");',
          ],
        },
      ]),
    };
  },
};
