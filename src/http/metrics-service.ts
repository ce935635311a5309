import type { Service } from '../lifecycle/service.ts';
import { createMetricsApp, type MetricsAppOptions } from './app.ts';
import { type Listener, listenForScrapers, type ScraperOptions } from './listener.ts';

/** Port 0 takes a free one. */
export type MetricsServiceOptions = MetricsAppOptions & ScraperOptions;

export interface MetricsService extends Service {
  /** Throws before the service has started, and where it goes without one. */
  readonly port: number;
}

const drainMs = 1_000;

/** `/metrics` and `/health` of a process that serves nothing else: a worker or a scheduler. */
export function createMetricsService(options: MetricsServiceOptions): MetricsService {
  let opening: Promise<Listener | undefined> | undefined;
  let listener: Listener | undefined;
  return {
    name: 'metrics',
    async start() {
      opening ??= listenForScrapers(createMetricsApp(options), options);
      listener = await opening;
    },
    async stop() {
      // A start that failed has told its caller; there is nothing to close.
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      listener = undefined;
      await opened?.close(drainMs);
    },
    get port() {
      if (listener === undefined) throw new Error('The metrics service has not been started.');
      return listener.port;
    },
  };
}
