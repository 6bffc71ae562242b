import { type ErrorCode, GatewayError } from "../../model/error.ts";

/** What a request says that cannot be, and where it says so. */
export class FieldError extends GatewayError {
  readonly field: string;

  constructor(code: ErrorCode, field: string, message: string) {
    super(code, message);
    this.field = field;
  }
}

/** What is refused inside of it is the fault of this field. */
export function inField<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    throw new FieldError(cause.code, field, cause.message);
  }
}
