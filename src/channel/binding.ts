import { ERRORS, type ErrorCode, commandStatusOf } from "../model/error.ts";
import type { BindAnswer } from "../model/event.ts";
import type { BindRequest, Session } from "../smpp/session.ts";
import type { Customer } from "./customer.ts";
import { type Desk, later } from "./desk.ts";

/** Customers who ask to bind: each is an event, and is told what comes of it. */
export interface Binding {
  ask(request: BindRequest, session: Session): void;
}

/** `bound` is told of each that is let in. */
export function createBinding(desk: Desk, bound: (customer: Customer) => void): Binding {
  const { host, settings } = desk;
  const { clock, log } = host;

  return { ask };

  function ask(request: BindRequest, session: Session): void {
    const customer = desk.customerOf(session);
    if (customer === undefined || desk.isClosing()) return session.close("draining");
    if (desk.isDrained()) return refuse(request, session, "channel_drained");
    const event = {
      id: host.newId(),
      channel: host.name,
      session: session.id,
      systemId: request.systemId,
      systemType: request.systemType,
      password: request.password,
      bindType: request.bindType,
      version: request.version,
      addressRange: request.addressRange,
      remote: session.remote,
      tls: session.tls,
      isOpen: () => session.state !== "closed",
      tlsSubject: customer.tlsSubject,
    };
    const startMs = clock.tickMs();
    host.emit("bind", event).then(
      (answer) => answerWith(request, customer, answer, startMs),
      (cause: unknown) => {
        log.error({ session: session.id, err: cause }, "bind failed on our side");
        session.answerBind(request, commandStatusOf("internal"), settings.systemId);
        session.close("bind_refused");
      },
    );
  }

  function answerWith(
    request: BindRequest,
    customer: Customer,
    answer: BindAnswer,
    startMs: number,
  ): void {
    const { session } = customer;
    switch (answer.kind) {
      case "accepted":
        // It may have been drained while the triggers decided.
        if (desk.isDrained()) return refuse(request, session, "channel_drained");
        customer.account = answer.account;
        customer.bindType = request.bindType;
        session.answerBind(request, 0, settings.systemId);
        // The customer may have gone while the triggers decided.
        if (!session.state.startsWith("bound")) return;
        customer.boundMs = clock.nowMs();
        bound(customer);
        break;
      case "refused":
        refuse(request, session, answer.code);
        break;
      case "unanswered": {
        const waitMs = settings.bindTimeoutMs - (clock.tickMs() - startMs);
        later(waitMs, () => {
          if (settings.onUnhandledBind === "reject")
            session.answerBind(request, commandStatusOf("bind_refused"), settings.systemId);
          session.close("bind_unanswered");
        });
        break;
      }
    }
  }

  function refuse(request: BindRequest, session: Session, code: ErrorCode | number): void {
    session.answerBind(request, commandStatusOf(code), settings.systemId);
    log.info({ session: session.id, remote: session.remote, code }, "bind refused");
    if (typeof code === "number" || ERRORS[code].retry === "never") desk.bindFailed(session);
    desk.failed(`bind of ${request.systemId} from ${session.remote} refused: ${code}`);
    session.close("bind_refused");
  }
}
