import { createPasswordCheck } from '../access/passwords.ts';
import type { Role } from '../access/roles.ts';
import { OneTimeLinks } from '../admin/one-time-links.ts';
import type { Service } from '../lifecycle/service.ts';
import { createAccess } from './access.ts';
import { createApp, createMetricsApp } from './app.ts';
import { EventStreams } from './event-stream.ts';
import { type Listener, listen, listenForScrapers } from './listener.ts';
import type { HttpOptions } from './options.ts';
import { paths } from './page-paths.ts';

export type { Role } from '../access/roles.ts';
export { createMetricsService } from './metrics-service.ts';
export type { HttpOptions } from './options.ts';

export interface HttpService extends Service {
  /** For people at this machine. Throws before the service has started. */
  readonly url: string;
  readonly port: number;
  /** A new address that signs an admin in once, within 15 minutes; `undefined` in production. */
  oneTimeLink(): string | undefined;
  /** A token for the API that is noted nowhere, so that it cannot be revoked: for an hour or a day. */
  issueToken(role: Role, hours: number, subject?: string): Promise<string>;
}

const defaultDrainMs = 10_000;

interface Running {
  readonly main: Listener;
  readonly metrics: Listener | undefined;
  readonly streams: EventStreams;
}

/** The API, the board and the probes over HTTP. */
export function createHttpService(options: HttpOptions): HttpService {
  const access = createAccess(options);
  const links = options.production ? undefined : new OneTimeLinks();
  const drainMs = options.drainMs ?? defaultDrainMs;
  let starting: Promise<Running> | undefined;
  let stopping: Promise<void> | undefined;
  let running: Running | undefined;

  const open = async (): Promise<Running> => {
    await stopping;
    const { adminUser, adminPasswordHash, host } = options;
    const checkPassword =
      adminPasswordHash === undefined ? undefined : createPasswordCheck(adminUser, adminPasswordHash);
    await access.service.start();
    const streams = new EventStreams(access.revoked);
    const main = await listen(
      createApp(options, { access, checkPassword, links, streams }),
      host,
      options.port,
    ).catch(async (error: unknown) => {
      await access.service.stop();
      throw error;
    });
    try {
      const metrics =
        options.metricsPort === 0
          ? undefined
          : await listenForScrapers(createMetricsApp(options), {
              host,
              port: options.metricsPort,
              portIsDefault: options.metricsPortIsDefault ?? false,
              log: options.log,
            });
      running = { main, metrics, streams };
      return running;
    } catch (error) {
      await main.close(0);
      await access.service.stop();
      throw error;
    }
  };

  const close = async (opened: Promise<Running>): Promise<void> => {
    // A start that failed has told its caller; there is nothing left to stop.
    const now = await opened.catch(() => undefined);
    running = undefined;
    // They would never end by themselves, and their clients go on at another process.
    now?.streams.close();
    await Promise.all([now?.main.close(drainMs), now?.metrics?.close(drainMs)]);
    await access.service.stop();
  };

  const port = (): number => {
    if (running === undefined) throw new Error('The HTTP service has not been started.');
    return running.main.port;
  };
  const url = () => `http://${hostForPeople(options.host)}:${port()}`;

  return {
    name: 'http',
    async start() {
      starting ??= open().catch((error: unknown) => {
        starting = undefined;
        throw error;
      });
      await starting;
    },
    async stop() {
      if (starting !== undefined) {
        const opened = starting;
        starting = undefined;
        stopping = close(opened).finally(() => {
          stopping = undefined;
        });
      }
      await stopping;
    },
    get url() {
      return url();
    },
    get port() {
      return port();
    },
    oneTimeLink: () => (links === undefined ? undefined : `${url()}${paths.signIn}/${links.create()}`),
    issueToken: (role, hours, subject = role) =>
      access.tokens.issue({ role, subject }, new Date(Date.now() + hours * 3_600_000)),
  };
}

/** "All addresses" is none that a browser can open. */
function hostForPeople(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
