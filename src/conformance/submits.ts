import type { Sms } from "../model/message.ts";
import { COMMAND } from "../smpp/command.ts";
import { relativeTime } from "../smpp/time.ts";
import { decodeShortMessageAnswer } from "../smpp/short-message.ts";
import { type Check, type Expectation, exchange, refused, succeeds } from "./check.ts";
import { cut, messagePdu, octetsOf, withBody } from "./pdus.ts";

const hour = relativeTime(3_600_000);

/** Octets that end behind `name`, with the fields of a plain message around them. */
const BODIES = {
  serviceType: (text: string) => `${text}00 00 00 3100 01 01 3200 00 00 00 00 00 00 00 00 00 01 41`,
  source: (text: string) => `00 00 00 ${text}00 01 01 3200 00 00 00 00 00 00 00 00 00 01 41`,
  destination: (text: string) => `00 00 00 3100 01 01 ${text}00 00 00 00 00 00 00 00 00 00 01 41`,
  length: (octet: string) => `00 00 00 3100 01 01 3200 00 00 00 00 00 00 00 00 00 ${octet} 4142`,
} as const;

/** What is taken, in each form that it may have, and what has to be refused, with which status. */
export const SUBMITS: readonly Check[] = [
  taken("submit", "a plain submit_sm", "v3.4 §4.4.1", {}),
  taken("submit-empty", "submit_sm with no text at all", "v3.4 §4.4.1", {
    octets: Buffer.alloc(0),
  }),
  taken("submit-254", "submit_sm with a short_message of 254 octets", "v3.4 §5.2.21", {
    octets: Buffer.alloc(254, 0x41),
  }),
  taken(
    "submit-payload",
    "submit_sm with a text of 1,000 octets as message_payload",
    "v3.4 §5.3.2.32",
    {
      octets: Buffer.alloc(1_000, 0x41),
    },
  ),
  taken("submit-ucs2", "submit_sm in UCS-2 (data_coding 8)", "v3.4 §5.2.19", {
    dataCoding: 8,
    octets: Buffer.from("4f6076f4", "hex"),
  }),
  taken("submit-latin1", "submit_sm in Latin-1 (data_coding 3)", "v3.4 §5.2.19", {
    dataCoding: 3,
    octets: Buffer.from("Grüße", "latin1"),
  }),
  taken("submit-binary", "submit_sm of octets (data_coding 4), zeros among them", "v3.4 §5.2.19", {
    dataCoding: 4,
    octets: Buffer.of(0, 1, 0, 255, 0),
  }),
  taken("submit-udh", "submit_sm with a user data header (esm_class 0x40)", "v3.4 §5.2.12", {
    esmClass: 0x40,
    octets: Buffer.from("0500037f0101414243", "hex"),
  }),
  taken("submit-alphanumeric", "submit_sm from an alphanumeric sender (TON 5)", "v3.4 §5.2.5", {
    from: { ton: 5, npi: 0, digits: "ACME" },
  }),
  taken("submit-validity", "submit_sm with a relative validity_period", "v3.4 §7.1.1.2", {
    validityPeriod: hour,
  }),
  taken("submit-priority", "submit_sm with priority_flag 3", "v3.4 §5.2.14", { priority: 3 }),
  taken("submit-receipt", "submit_sm with registered_delivery 1", "v3.4 §5.2.17", {
    registeredDelivery: 1,
  }),
  faulty(
    "submit-no-body",
    "submit_sm that is only a header",
    "v3.4 §3.2",
    refused(0x02),
    (sequence) => withBody(COMMAND.submit_sm, sequence, ""),
  ),
  faulty(
    "submit-cut-short",
    "submit_sm that ends in the destination",
    "v3.4 §3.2",
    refused(0x02, 0x0b),
    (sequence) => withBody(COMMAND.submit_sm, sequence, "00 01 01 3100 01 01 3234"),
  ),
  faulty(
    "submit-no-nul",
    "submit_sm whose fields have no NUL",
    "v3.4 §3.1",
    refused(0x02, 0x0a, 0x15),
    (sequence) => withBody(COMMAND.submit_sm, sequence, Buffer.alloc(60, 0x41)),
  ),
  faulty(
    "submit-overrun",
    "submit_sm whose sm_length is more than what is there",
    "v3.4 §5.2.18",
    refused(0x01, 0x02),
    (sequence) => withBody(COMMAND.submit_sm, sequence, BODIES.length("50")),
  ),
  faulty(
    "submit-text-cut",
    "submit_sm whose last two octets are missing",
    "v3.4 §5.2.18",
    refused(0x01, 0x02),
    (sequence, probe) => cut(messagePdu("submit_sm", sequence, probe), 2),
  ),
  faulty(
    "submit-255",
    "submit_sm with a short_message of 255 octets",
    "v3.4 §5.2.21",
    refused(0x01, 0x02),
    (sequence) =>
      withBody(
        COMMAND.submit_sm,
        sequence,
        Buffer.concat([octetsOf(BODIES.length("ff")).subarray(0, -2), Buffer.alloc(255, 0x41)]),
      ),
  ),
  faulty(
    "submit-service-type",
    "submit_sm with a service_type of 20 characters",
    "v3.4 §5.2.11",
    refused(0x15, 0x02),
    (sequence) => withBody(COMMAND.submit_sm, sequence, BODIES.serviceType("41".repeat(20))),
  ),
  faulty(
    "submit-source",
    "submit_sm with a source_addr of 40 digits",
    "v3.4 §5.2.8",
    refused(0x0a, 0x02),
    (sequence) => withBody(COMMAND.submit_sm, sequence, BODIES.source("31".repeat(40))),
  ),
  faulty(
    "submit-destination",
    "submit_sm with a destination_addr of 40 digits",
    "v3.4 §5.2.9",
    refused(0x0b, 0x02),
    (sequence) => withBody(COMMAND.submit_sm, sequence, BODIES.destination("31".repeat(40))),
  ),
  faulty("submit-no-destination", "submit_sm to nobody", "v3.4 §5.2.9", refused(0x0b), (sequence) =>
    withBody(COMMAND.submit_sm, sequence, BODIES.destination("")),
  ),
  wrong("submit-esm-class", "esm_class 0x3C", "v3.4 §5.2.12", refused(0x43), { esmClass: 0x3c }),
  wrong(
    "submit-bad-udh",
    "a user data header longer than the text",
    "v3.4 §5.2.12",
    refused(0x43, 0x01),
    {
      esmClass: 0x40,
      octets: Buffer.from("7f4142", "hex"),
    },
  ),
  wrong("submit-bad-priority", "priority_flag 9", "v3.4 §5.2.14", refused(0x06), { priority: 9 }),
  wrong("submit-bad-registered", "registered_delivery 0xFF", "v3.4 §5.2.17", refused(0x07), {
    registeredDelivery: 0xff,
  }),
  wrong("submit-bad-schedule", "schedule_delivery_time `soon`", "v3.4 §7.1.1", refused(0x61), {
    scheduleTime: "soon",
  }),
  wrong("submit-bad-validity", "validity_period `991399999999999+`", "v3.4 §7.1.1", refused(0x62), {
    validityPeriod: "991399999999999+",
  }),
];

/** A message that every server takes, under an id. */
function taken(id: string, asks: string, section: string, changes: Partial<Sms>): Check {
  const done = succeeds();
  return exchange({
    id,
    asks,
    section,
    state: "transceiver",
    command: "submit_sm",
    sends: true,
    expects: {
      words: "0x00 and a message_id",
      judge: (seen, command) =>
        seen.kind === "answer" && decodeShortMessageAnswer(seen.pdu).messageId === ""
          ? "differs"
          : done.judge(seen, command),
    },
    pdu: (sequence, probe) => messagePdu("submit_sm", sequence, probe, changes),
  });
}

/** A message that could not be one, whoever reads it. */
function faulty(
  id: string,
  asks: string,
  section: string,
  expects: Expectation,
  pdu: Parameters<typeof exchange>[0]["pdu"],
): Check {
  const sends = true;
  return exchange({
    id,
    asks,
    section,
    state: "transceiver",
    command: "submit_sm",
    sends,
    expects,
    pdu,
  });
}

/** A message of which one value is not allowed. */
function wrong(
  id: string,
  what: string,
  section: string,
  expects: Expectation,
  changes: Partial<Sms>,
): Check {
  const pdu = (sequence: number, probe: { from: string; to: string }) =>
    messagePdu("submit_sm", sequence, probe, changes);
  return faulty(id, `submit_sm with ${what}`, section, expects, pdu);
}
