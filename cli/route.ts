import type { Command } from "commander";
import { addRoutePlan } from "./route-plan.ts";
import { addRouteTable } from "./route-table.ts";

/** `signalbox route …` */
export function addRoute(program: Command): void {
  const route = program.command("route").description("where messages go");
  addRouteTable(route);
  addRoutePlan(route);
}
