/** Where a rule sends a message to, as it is written. */
export type Target =
  | { readonly kind: "channel"; readonly name: string; readonly account?: string }
  | { readonly kind: "group"; readonly name: string }
  /** The sessions of this customer, on whatever channel he is bound. */
  | { readonly kind: "smppserver"; readonly systemId: string }
  /** The channel that binds to its provider with this name. */
  | { readonly kind: "smppclient"; readonly systemId: string }
  | { readonly kind: "http"; readonly name: string }
  | { readonly kind: "table"; readonly name: string };

/** `SMPP1`, `SMPP_SERVER1/Test1`, `group/NAME`, `smppserver/SYSTEM_ID`, `smppclient/SYSTEM_ID`, `http/NAME`, `table:NAME`. */
export function targetFrom(text: string): Target | { readonly fault: string } {
  if (text.startsWith("table:")) {
    const name = text.slice("table:".length);
    return name === "" ? { fault: "names no table" } : { kind: "table", name };
  }
  const slash = text.indexOf("/");
  if (slash === -1) return { kind: "channel", name: text };
  const [head, name] = [text.slice(0, slash), text.slice(slash + 1)];
  if (name === "") return { fault: `names nothing behind ${head}/` };
  switch (head) {
    case "smppserver":
    case "smppclient":
      return { kind: head, systemId: name };
    case "http":
    case "group":
      return { kind: head, name };
    default:
      return { kind: "channel", name: head, account: name };
  }
}
