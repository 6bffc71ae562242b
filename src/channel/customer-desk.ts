import type { ApiKey } from "../model/api-key.ts";

/**
 * What a channel may ask about its customers beside the events that it tells. The gateway answers; a
 * customer is told of nothing but his own.
 */
export interface CustomerDesk {
  /** By the part of it that is no secret. In memory. */
  keyOf(id: string): ApiKey | undefined;
}
