import type { BindEvent } from "../model/event.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import type { Store } from "../store/store.ts";
import type { EngineOptions } from "../trigger/engine.ts";
import type { Codings } from "../sms/data-coding.ts";
import { type DataSources, openDataSources } from "./data-sources.ts";
import type { DataSourceSettings } from "./data-sources-settings.ts";
import { type ScriptedSettings, createChannelSettings } from "./channel-settings.ts";
import { createCrypto } from "./crypto.ts";
import { createFetchService } from "./fetch.ts";
import type { FetchServiceSettings } from "./fetch-settings.ts";
import { createFinding } from "./finding.ts";
import { createKv } from "./kv.ts";
import { type OptOutLists, createOptOuts } from "./opt-outs.ts";
import { createSecrets } from "./secrets.ts";

/** What scripts may ask of the world, by the names under which they ask it. */
export interface Services {
  readonly calls: EngineOptions["calls"];
  readonly dataSources: DataSources;
  close(): Promise<void>;
}

/** What every service is given; each takes what it needs. */
export interface ServiceParts {
  readonly settings: {
    readonly dataSources: Readonly<Record<string, DataSourceSettings>>;
    readonly http: FetchServiceSettings;
    readonly secrets: Readonly<Record<string, string>>;
    readonly privacy: { readonly showText: boolean };
  };
  readonly store: Store;
  readonly optOuts: OptOutLists;
  readonly clock: Clock;
  readonly log: Log;
  /** A line for the trace of this bind: what was done for its scripts, without secrets. */
  readonly note: (event: BindEvent, facts: TraceLine["facts"]) => void;
  /** What the peer of a channel means by a data_coding where that departs from the specification. */
  readonly codingsOn: (channel: string) => Codings | undefined;
  /** What the configuration in force says of a channel; undefined for a name that none has. */
  readonly settingsOf: (channel: string) => ScriptedSettings | undefined;
  /** The channel that it marks as the default one. */
  readonly defaultChannel: () => string | undefined;
}

/**
 * Called once per start; a line for each service. Rejects with `bad_configuration` when a data source
 * cannot be made ready; one that is only down is no reason not to start.
 */
export async function openServices(parts: ServiceParts): Promise<Services> {
  const { settings, store, clock } = parts;
  const dataSources = await openDataSources(parts);
  const secrets = createSecrets(settings.secrets);
  const web = createFetchService(settings.http, secrets);
  return {
    calls: {
      ...dataSources.calls,
      ...createFinding(parts),
      ...createChannelSettings(parts),
      ...createKv(store, clock.nowMs),
      ...createOptOuts(parts.optOuts),
      ...createCrypto(secrets),
      ...web.calls,
    },
    dataSources,
    async close() {
      await web.close();
      await dataSources.close();
    },
  };
}
