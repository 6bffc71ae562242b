import type { KeptOptions } from "../model/account-options.ts";
import type { Session } from "../smpp/session.ts";
import type { ChannelHost } from "./channel.ts";
import type { Customer } from "./customer.ts";
import type { SmppServerSettings } from "./smpp-server-settings.ts";

/** What those share who answer the customers of one channel: its settings, and how it stands now. */
export interface Desk {
  readonly host: ChannelHost;
  readonly settings: SmppServerSettings;
  /** undefined for a session that has ended. */
  customerOf(session: Session): Customer | undefined;
  /** The standard for a session that is not bound. Costs nothing. */
  optionsOf(account: string | undefined): KeptOptions;
  /** A bind was refused for a reason that lies at who asked. */
  bindFailed(session: Session): void;
  isClosing(): boolean;
  isDrained(): boolean;
  /** Something went wrong that an operator should see. */
  failed(text: string): void;
}

/** A timer that does not keep the process alive. */
export function later(waitMs: number, act: () => void): void {
  setTimeout(act, Math.max(0, waitMs)).unref();
}
