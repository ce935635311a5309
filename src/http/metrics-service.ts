import type { Service } from '../lifecycle/service.ts';
import { createMetricsApp, type MetricsAppOptions } from './app.ts';
import { type Listener, listen } from './listener.ts';

export interface MetricsServiceOptions extends MetricsAppOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface MetricsService extends Service {
  /** Throws before the service has started. */
  readonly port: number;
}

const drainMs = 1_000;

/** `/metrics` and `/health` of a process that serves nothing else: a worker or a scheduler. */
export function createMetricsService(options: MetricsServiceOptions): MetricsService {
  let opening: Promise<Listener> | undefined;
  let listener: Listener | undefined;
  return {
    name: 'metrics',
    async start() {
      opening ??= listen(createMetricsApp(options), options.host, options.port);
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
