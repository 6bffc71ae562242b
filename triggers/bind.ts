import { onBind } from "signalbox";

/** Lets a customer in when the password fits the account. */
export const BIND = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts }) => {
  const found = await accounts.verify(bind);
  if (found.ok) bind.accept({ account: found.account });
  else bind.reject(found.reason);
});
