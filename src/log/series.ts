/** Accounts with time series of their own; a site with more looks at single ones by `trace`. */
export const accountsMax = 1_000;

/** Triggers with time series of their own: far more than one gateway can run well. */
export const triggersMax = 1_000;

/** Different codes and statuses: a script or a provider may make up 32-bit numbers. */
export const codesMax = 200;

/** Words for the state of a report: the standard has ten, and a provider may make up its own. */
export const statesMax = 50;
