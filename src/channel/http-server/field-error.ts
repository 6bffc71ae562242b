import { type ErrorCode, GatewayError } from "../../model/error.ts";

/** What a request says that cannot be, and where it says so. */
export class FieldError extends GatewayError {
  readonly field: string;

  constructor(code: ErrorCode, field: string, message: string) {
    super(code, message);
    this.field = field;
  }
}
