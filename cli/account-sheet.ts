import { hostname } from "node:os";
import { isLoopback } from "../src/model/loopback.ts";
import type { AccountDetail } from "../src/model/account-view.ts";
import { type Door, doorsOf, type Settings } from "../src/settings.ts";

/**
 * What a customer needs to connect, as lines of Markdown to be sent to him; never his password. `host` is the
 * name by which he reaches us; without it that of this machine, or its own address where only that can
 * be reached.
 */
export function accountSheet(
  account: AccountDetail,
  settings: Settings,
  host: string | undefined,
): readonly string[] {
  const { id, numbers, options } = account;
  const doors = doorsOf(settings);
  const rows: (readonly [string, string])[] = [
    ...doors.map((door) => ["host and port", placeOf(door, host)] as const),
    ["system_id", `\`${id}\``],
    ["password", "is told to you by another way"],
    ["system_type", "any, or empty"],
    ["bind", "transceiver; or a transmitter and a receiver"],
    ["interface_version", "3.4 (3.3 and 5.0 are spoken, too)"],
    ["sessions at a time", options.bindsMax === 0 ? "any number" : String(options.bindsMax)],
    ["rate", options.rate === "" ? "no limit" : options.rate],
    ["senders", options.senders === "" ? "any" : options.senders],
    ["bind from", options.allowFrom === "" ? "any address" : options.allowFrom],
    ...unlike(doors, "requests without an answer", ({ peerRequests }) => String(peerRequests)),
    ...unlike(doors, "a session without traffic", silenceText),
    ...unlike(doors, "data_coding", codingsText),
    ["message ids", idWords[options.messageIdForm]],
    ["delivery reports", `${options.receiptAs}, \`${options.receiptTemplate}\``],
    ["dates in them", options.receiptDates],
  ];
  if (numbers.length > 0) rows.push(["your numbers", numbers.join(", ")]);
  return [
    `# Connection of ${id}`,
    "",
    "| | |",
    "|---|---|",
    ...rows.map(([name, text]) => `| ${name} | ${text.replaceAll("|", "\\|")} |`),
    "",
    "To try it, with Signalbox's own customer (it asks for the password):",
    "",
    ...doors.map((door) => `    ${tryText(door, id, host)}`),
    "",
    "And what must not work, each with the status that comes back:",
    "",
    "| | | |",
    "|---|---|---|",
    ...refusals(account).map(([name, status, how]) => `| ${name} | ${status} | ${how} |`),
    "",
    ...doors.slice(0, 1).map((door) => `    ${wrongText(door, id, host)}`),
  ];
}

/** What is tried to see that the door is shut, with its command_status. */
function refusals({ options }: AccountDetail): readonly (readonly [string, string, string])[] {
  return [
    ["a wrong password", "0x0E", "the command below"],
    ["an unknown system_id", "0x0F", "the same with another `--system-id`"],
    ...(options.allowFrom === ""
      ? []
      : ([
          ["an address that is not in the list", "0x0D", "the first command, from there"],
        ] as const)),
    ...(options.bindsMax === 0
      ? []
      : ([["one session too many", "0x05", `${options.bindsMax + 1} at a time`]] as const)),
    ...(options.senders === ""
      ? []
      : ([["another sender", "0x0A", "the first command with `--from Other`"]] as const)),
    ...(options.rate === "" ? [] : ([["more than the rate", "0x58", "many at once"]] as const)),
    ["no credit left", "0x45", "and nothing is sent"],
  ];
}

function placeOf(door: Door, host: string | undefined): string {
  const { port, tls } = door;
  const how = tls === undefined ? "in clear" : `with TLS, ${tls.replace("TLSv", "")} or newer`;
  const where = port === 0 ? "a port that is found at each start" : `port ${port}`;
  return `\`${hostOf(door, host)}\`, ${where}, ${how}`;
}

function hostOf({ addresses }: Door, host: string | undefined): string {
  const [first = "127.0.0.1"] = addresses;
  return host ?? (addresses.every(isLoopback) ? first : hostname());
}

function tryText(door: Door, id: string, host: string | undefined): string {
  const tls = door.tls === undefined ? "" : " --tls";
  const at = `--host ${hostOf(door, host)} --port ${door.port}${tls}`;
  return `npx signalbox simulate esme ${at} --system-id ${id} --password - --to +15551234567 --text Hello`;
}

/** Nobody's password has blanks at both ends. */
function wrongText(door: Door, id: string, host: string | undefined): string {
  return tryText(door, id, host).replace("--password -", '--password " wrong "');
}

/** Once where all doors are alike, else for each channel. */
function unlike(
  doors: readonly Door[],
  name: string,
  textOf: (settings: Door["settings"]) => string,
): (readonly [string, string])[] {
  const texts = new Map(doors.map(({ channel, settings }) => [channel, textOf(settings)]));
  const [first] = texts.values();
  if (first === undefined) return [];
  if (new Set(texts.values()).size === 1) return [[name, first]];
  return [...texts].map(([channel, text]) => [`${name} (${channel})`, text]);
}

function silenceText({ enquireLinkMs, inactivityMs }: Door["settings"]): string {
  const asked = `is asked with enquire_link after ${seconds(enquireLinkMs)}`;
  return inactivityMs === 0
    ? asked
    : `${asked}; without messages it is closed after ${seconds(inactivityMs)}`;
}

function codingsText({ defaultAlphabet, codings }: Door["settings"]): string {
  const usual = { "1": "ascii", "3": "latin1", "4": "binary", "8": "ucs2" };
  const all = Object.entries({ ...usual, ...codings });
  return [`0 is ${defaultAlphabet}`, ...all.map(([key, meant]) => `${key} ${meant}`)].join(", ");
}

const idWords: Readonly<Record<AccountDetail["options"]["messageIdForm"], string>> = {
  uuid: "36 characters, such as 0199a2b4-0000-7000-8000-00000000000a",
  hex32: "32 hexadecimal digits",
  decimal: "decimal digits",
  short: "8 digits",
};

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
