import { onBind } from "signalbox";

/** Lets in whoever stands in our own table of users, and is not blocked there. */
export const OWN_USERS = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts, db }) => {
  // The hash of the password stays in the gateway; this script learns only whether it fits.
  const found = await accounts.verify(bind, {
    with: db.customers`
      select password_hash from sms_users
      where system_id = ${bind.systemId} and not blocked`,
    scheme: "sha1-utf16le",
  });
  if (found.ok) bind.accept({ account: found.account });
  else bind.reject(found.reason);
});
