import type { DataSource } from "signalbox";

declare module "signalbox" {
  interface DataSources {
    readonly audit: DataSource;
    readonly customers: DataSource;
  }
}
