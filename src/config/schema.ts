import "zod";

/** The one home of zod: whoever declares a setting takes `z` from here. */
export { z } from "zod";

declare module "zod" {
  interface GlobalMeta {
    /** What a number counts, where the name's last word does not say it; shown in the reference. */
    unit?: string;
    /** The value is a password or the like: never logged, shown as `***`. */
    secret?: boolean;
  }
}
