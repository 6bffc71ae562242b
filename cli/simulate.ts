import type { Command } from "commander";
import { addSimulateEsme } from "./simulate-esme.ts";
import { addSimulateHttpProvider } from "./simulate-http-provider.ts";
import { addSimulateSmsc } from "./simulate-smsc.ts";

/** `signalbox simulate …`: the two ends of a network to try with; they need no gateway of ours. */
export function addSimulate(program: Command): void {
  const simulate = program.command("simulate").description("a customer or a provider to try with");
  addSimulateEsme(simulate);
  addSimulateSmsc(simulate);
  addSimulateHttpProvider(simulate);
}
