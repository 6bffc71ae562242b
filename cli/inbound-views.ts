import { z } from "../src/config/schema.ts";
import type {
  NumbersImportView,
  NumbersPageView,
  NumberView,
  OptOutsImportView,
  OptOutsPageView,
  OwnerView,
} from "../src/model/inbound-view.ts";
import { maybe } from "./views.ts";

// The answers of the gateway about numbers and opt-outs, checked as they come.

export const numberShape: z.ZodType<NumberView> = z.object({
  pattern: z.string(),
  keyword: z.string(),
  account: z.string(),
  by: z.string(),
  atMs: z.number(),
});

export const numbersPageShape: z.ZodType<NumbersPageView> = z.object({
  numbers: z.array(numberShape),
  next: maybe(z.string()),
});

export const numbersImportShape: z.ZodType<NumbersImportView> = z.object({
  added: z.number(),
  same: z.number(),
  removed: z.number(),
});

export const ownerShape: z.ZodType<OwnerView> = z.object({
  account: maybe(z.string()),
  by: maybe(z.string()),
});

export const optOutsPageShape: z.ZodType<OptOutsPageView> = z.object({
  optOuts: z.array(
    z.object({ number: z.string(), account: z.string(), by: z.string(), atMs: z.number() }),
  ),
  next: maybe(z.string()),
});

export const optOutsImportShape: z.ZodType<OptOutsImportView> = z.object({
  added: z.number(),
  same: z.number(),
});

export const changedShape = z.object({ changed: z.boolean() });
