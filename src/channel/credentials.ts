/** What we say at a bind who we are. */
export interface Credentials {
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
}

interface CredentialSettings {
  readonly systemId: string;
  readonly password: string;
  /** undefined: what stands behind an `@` in systemId. */
  readonly systemType?: string | undefined;
}

/**
 * `user1234@SMPP` is the system_id `user1234` with the system_type `SMPP`. Where `systemType` is set,
 * if only to an empty text, an `@` belongs to the system_id.
 */
export function credentialsOf(settings: CredentialSettings): Credentials {
  const { systemId, password, systemType } = settings;
  const at = systemType === undefined ? systemId.lastIndexOf("@") : -1;
  if (at === -1) return { systemId, password, systemType: systemType ?? "" };
  return { systemId: systemId.slice(0, at), password, systemType: systemId.slice(at + 1) };
}

/**
 * Characters that fit the fields of SMPP v3.4 §5.2.1 to §5.2.3 (16, 9 and 13 octets with the NUL), and
 * those that are sent all the same: many providers give out longer ones, and read them.
 */
const standardMax = { systemId: 15, password: 8, systemType: 12 } as const;
const lenientMax = { systemId: 16, password: 64, systemType: 12 } as const;

/** What is wrong with their lengths; nothing is ever cut to fit. */
export function credentialFaults(
  settings: CredentialSettings & { readonly longPasswords: boolean },
): readonly { readonly path: "systemId" | "password" | "systemType"; readonly text: string }[] {
  const max = settings.longPasswords ? lenientMax : standardMax;
  const { systemId, password, systemType } = credentialsOf(settings);
  const faults: { path: "systemId" | "password" | "systemType"; text: string }[] = [];
  const strict = settings.longPasswords ? "" : "; `longPasswords: true` allows more";
  if (systemId === "" && settings.systemId !== "")
    faults.push({ path: "systemId", text: "names no system_id before its @" });
  if (systemId.length > max.systemId)
    faults.push({
      path: "systemId",
      text: `must have at most ${max.systemId} characters${strict}`,
    });
  if (password.length > max.password)
    faults.push({
      path: "password",
      text: `must have at most ${max.password} characters${strict}`,
    });
  if (systemType.length > max.systemType)
    faults.push({
      path: settings.systemType === undefined ? "systemId" : "systemType",
      text: `must have at most ${max.systemType} characters of system_type`,
    });
  return faults;
}

/** What of them SMPP has no room for though it is sent; a provider may refuse it or cut it. */
export function credentialWarnings(settings: CredentialSettings): readonly string[] {
  return credentialFaults({ ...settings, longPasswords: false }).map(({ path }) => {
    const { length } = credentialsOf(settings)[path];
    return `${path} has ${length} characters, and SMPP has room for ${standardMax[path]}`;
  });
}
