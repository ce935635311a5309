import type { Config } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import { connectionsOf } from '../backend/index.ts';
import type { Backend, Finding } from '../backend/port.ts';
import { messageOf } from '../errors/classify.ts';
import { findBrowser } from '../integrations/chromium/find.ts';
import { type Provider, preflight } from '../preflight.ts';
import { jobsAtOnce } from './at-once.ts';
import { connectionsNeeded } from './connections.ts';

/** What a start looks at: the machine, the store, and the settings that have to fit each other. */
export async function lookAround(config: Config, backend: Pick<Backend, 'inspect'>): Promise<Finding[]> {
  const works = config.roles.includes('worker');
  const { processes } = config.worker;
  const here = works && processes === 1 ? queueNames.length : 0;
  const found = preflight({
    dataDir: config.dataDir,
    databasePool: config.database.poolMax,
    concurrency: works ? Object.values(jobsAtOnce(config)).reduce((sum, jobs) => sum + jobs, 0) : 0,
    memoryBytes: works ? processes * config.maxMemoryBytes : 0,
    inspectBackend: () => backend.inspect(connectionsNeeded(config) - connectionsOf(here)),
  });
  return (await Promise.all([found, works ? lookAtBrowser(config) : []])).flat();
}

async function lookAtBrowser({ chromiumPath, dataDir }: Config): Promise<Finding[]> {
  const about = 'CHROMIUM_PATH';
  try {
    if (chromiumPath === 'none' || (await findBrowser(chromiumPath, dataDir)) !== undefined) return [];
    const message =
      'No Chromium was found, so reports are drawn without one. Install it, or set CHROMIUM_PATH to its path, or to none.';
    return [{ level: 'warning', about, message }];
  } catch (error) {
    return [{ level: 'fault', about, message: messageOf(error) }];
  }
}

/** The places outside that the configuration names. */
export function providersOf({ mail, samGov, openai, storage, sentry }: Config): Provider[] {
  const providers: (Provider | undefined)[] = [
    mail.provider === 'sendgrid' ? { name: 'SendGrid', url: mail.sendgrid.baseUrl } : undefined,
    mail.provider === 'smtp' && mail.smtpUrl !== undefined ? { name: 'SMTP', url: mail.smtpUrl } : undefined,
    samGov.apiKey === undefined ? undefined : { name: 'SAM.gov', url: samGov.baseUrl },
    openai.apiKey === undefined ? undefined : { name: 'OpenAI', url: openai.baseUrl },
    storage.provider === 's3'
      ? { name: 'S3', url: storage.endpoint ?? `https://s3.${storage.region}.amazonaws.com` }
      : undefined,
    storage.provider === 'supabase' ? { name: 'Supabase Storage', url: storage.url } : undefined,
    sentry.dsn === undefined ? undefined : { name: 'Sentry', url: sentry.dsn },
  ];
  return providers.filter((provider) => provider !== undefined);
}
