/** The address of `192.0.2.7:2775` or `[2001:db8::7]:2775`, as a session names its peer. */
export function bareAddress(remote: string): string {
  return remote.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** The name of a provider could not be resolved: there is none, or who knows it does not answer. */
export function isUnresolved(why: string): boolean {
  return /\b(?:ENOTFOUND|EAI_[A-Z]+)\b/.test(why);
}
