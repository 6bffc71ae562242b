/** `npm run test:long` does the whole of what an operator may meet, `npm test` a little of each. */
export const isLong = process.env["SIGNALBOX_ROUNDS"] === "long";

/**
 * MiB by which the gateway may grow while it is pressed, once it has been pressed for a while. What its
 * own limits allow is some 20 MiB (2,000 messages of a queue, 1,000 requests of a session, 1 MiB of
 * answers) and is there by then; the rest is the steps in which V8 lets its heap grow.
 */
export const growthMibMax = 150;

/** ms. For all that is waited for; a crowded machine is slow, not stuck. */
export const patienceMs = 120_000;
