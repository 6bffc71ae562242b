/**
 * What happens to a channel. `up` and `down`: a peer can be reached, or none can; the rest is what an
 * operator asked for.
 */
export type ChannelChange = "up" | "down" | "paused" | "drained" | "resumed";
