/** `CHANNEL` or, for a channel that customers bind to, `CHANNEL/account`. */
export function queueName(channel: string, account: string | undefined): string {
  return account === undefined ? channel : `${channel}/${account}`;
}

export function queueParts(name: string): { channel: string; account: string | undefined } {
  const slash = name.indexOf("/");
  if (slash === -1) return { channel: name, account: undefined };
  return { channel: name.slice(0, slash), account: name.slice(slash + 1) };
}
