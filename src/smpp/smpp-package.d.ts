/**
 * What we use of the npm package `smpp` 0.5.1, which comes without types: `rare.ts` its
 * definitions, the tests its sessions and PDUs as a foreign peer.
 */
declare module "smpp" {
  import type { EventEmitter } from "node:events";
  import type { Server } from "node:net";

  interface FieldType {
    readonly default: unknown;
  }
  interface CommandDefinition {
    readonly id: number;
    readonly params?: Readonly<Record<string, { readonly type: FieldType }>>;
  }
  export interface ForeignPdu {
    readonly command: string;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly [field: string]: unknown;
    response(fields?: Readonly<Record<string, unknown>>): ForeignPdu;
    toBuffer(): Buffer;
  }
  export interface ForeignSession extends EventEmitter {
    send(pdu: ForeignPdu, answered?: (pdu: ForeignPdu) => void): boolean;
    close(): void;
    destroy(): void;
  }
  const smpp: {
    readonly commands: Readonly<Record<string, CommandDefinition>>;
    readonly types: Readonly<
      Record<
        "int8" | "cstring" | "buffer" | "dest_address_array" | "unsuccess_sme_array",
        FieldType
      >
    >;
    readonly PDU: new (
      command: string | Buffer,
      fields?: Readonly<Record<string, unknown>>,
    ) => ForeignPdu;
    connect(options: { host: string; port: number }): ForeignSession;
    createServer(listener: (session: ForeignSession) => void): Server;
  };
  export default smpp;
}
