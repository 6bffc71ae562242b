import { connectEsme, type Esme, type EsmeOptions } from "../../src/simulator/esme.ts";

/** Test1, or Test2, bound to the gateway with the password of the example. */
export function customer(
  { port }: { readonly port: number },
  options: Partial<EsmeOptions> = {},
): Promise<Esme> {
  return connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: options.systemId === "Test2" ? "Pwd2" : "Pwd1",
    windowRequests: 100,
    ...options,
  });
}
