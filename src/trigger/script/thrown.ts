/** Whatever was thrown, as text: it may be a Proxy, or an error whose getters throw. */
export function thrownText(error: unknown): string {
  try {
    if (error instanceof Error) {
      const stack = String(error.stack);
      return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
    }
    return `thrown: ${String(error)}`;
  } catch {
    // The throw itself is hostile; that there was one is all that can be told.
    return "thrown: something that cannot be told";
  }
}
