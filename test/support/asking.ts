import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../src/model/clock.ts";
import type { Sms } from "../../src/model/message.ts";
import type { OtherCommand } from "../../src/smpp/command.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import type { Fields } from "../../src/smpp/rare.ts";
import { type OtherRequest, type Session, openSession } from "../../src/smpp/session.ts";

/** A customer who can ask anything of SMPP, with what he is sent. */
export interface AskingCustomer extends AsyncDisposable {
  readonly session: Session;
  /** Messages and receipts, each answered with 0. */
  readonly delivered: readonly Sms[];
  readonly others: readonly OtherRequest[];
  /** The next of `delivered` for which this is true, come or to come. */
  hears(wanted: (sms: Sms) => boolean): Promise<Sms>;
  /** The status, and the fields of the answer. */
  ask(command: OtherCommand, fields: Fields): Promise<{ status: number; fields: Fields }>;
  /** A submit_sm; gives the id, or throws the status. */
  submit(sms: Partial<Sms> & { readonly text: string }): Promise<string>;
}

const blank: Sms = {
  from: { ton: 1, npi: 1, digits: "31699887766" },
  to: { ton: 1, npi: 1, digits: "31612345670" },
  serviceType: "",
  esmClass: 0,
  protocolId: 0,
  priority: 0,
  scheduleTime: "",
  validityPeriod: "",
  registeredDelivery: 1,
  replaceIfPresent: 0,
  dataCoding: 0,
  octets: Buffer.alloc(0),
  text: undefined,
  tlvs: [],
};

/** Binds as a transceiver, unless told otherwise. */
export async function askingCustomer(
  port: number,
  {
    systemId = "Test1",
    password = "Pwd1",
    version = 0x34,
    bindType = "transceiver",
  }: {
    readonly systemId?: string;
    readonly password?: string;
    readonly version?: number;
    readonly bindType?: "transceiver" | "transmitter" | "receiver";
  } = {},
): Promise<AskingCustomer> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const delivered: Sms[] = [];
  const others: OtherRequest[] = [];
  const looks = new Set<() => void>();
  const session = openSession(socket, {
    role: "esme",
    limits: { ...sessionLimits, windowRequestsMax: 1_000 },
    clock: systemClock,
    owner: {
      bind: () => {},
      shortMessage(request, on) {
        delivered.push(request.sms);
        on.answer(request, 0);
        for (const look of looks) look();
      },
      other(request) {
        others.push(request);
        for (const look of looks) look();
      },
      closed: () => {},
    },
  });
  const bind = { systemId, password, systemType: "", version, bindType } as const;
  const bound = await session.bind({ ...bind, addressRange: "", addressTon: 0, addressNpi: 0 });
  if (bound.status !== 0) throw new Error(`bind refused with ${bound.status}`);
  return {
    session,
    delivered,
    others,
    hears: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = delivered.find(wanted);
          if (found === undefined) return;
          looks.delete(look);
          resolve(found);
        };
        looks.add(look);
        look();
      }),
    ask: (command, fields) => session.ask(command, fields),
    submit: ({ text, ...sms }) =>
      new Promise((resolve, reject) => {
        session.send("submit_sm", { ...blank, ...sms, octets: Buffer.from(text) }, (answer) => {
          if (answer.kind === "answered" && answer.status === 0) resolve(answer.messageId);
          else reject(new Error(JSON.stringify(answer)));
        });
      }),
    async [Symbol.asyncDispose]() {
      await session.unbind();
    },
  };
}

/** Fields of a submit_multi to these numbers. */
export function toNumbers(numbers: readonly string[], text: string, more: Fields = {}): Fields {
  return {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: "31699887766",
    dest_address: numbers.map((digits) => ({ ton: 1, npi: 1, digits })),
    registered_delivery: 1,
    short_message: Buffer.from(text),
    ...more,
  };
}
