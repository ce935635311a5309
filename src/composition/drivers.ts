import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { Database } from '../integrations/database/port.ts';
import type { LanguageModel } from '../integrations/llm/port.ts';
import { atOnce } from '../integrations/mail/at-once.ts';
import type { MailProvider } from '../integrations/mail/port.ts';
import type { SamGov } from '../integrations/sam-gov/port.ts';
import { createLocalStorage } from '../integrations/storage/local.ts';
import type { Storage } from '../integrations/storage/port.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import type { Redact } from '../observability/redaction.ts';
import { type Alerts, startSentry } from '../observability/sentry.ts';
import { version } from '../package.ts';
import { mailsAtOnce } from './at-once.ts';
import { startSandbox } from './development.ts';

export async function openAlerts(
  config: Config,
  events: Events,
  redact: Redact,
): Promise<Alerts | undefined> {
  const { dsn, environment, tracesSampleRate } = config.sentry;
  if (dsn === undefined) return undefined;
  return startSentry(events, {
    dsn,
    environment,
    tracesSampleRate,
    release: `millrace@${version}`,
    serviceName: config.serviceName,
    redact,
  });
}

export async function openMail(config: Config): Promise<MailProvider> {
  const { provider, from, sendgrid, smtpUrl, rateLimit } = config.mail;
  const { atProvider } = mailsAtOnce(config);
  const pace = rateLimit === undefined ? {} : { perSecond: rateLimit };
  if (provider === 'sendgrid' && sendgrid.apiKey !== undefined) {
    const { createSendGrid } = await import('../integrations/mail/sendgrid.ts');
    const opened = createSendGrid({
      apiKey: sendgrid.apiKey,
      baseUrl: sendgrid.baseUrl,
      from,
      connections: atProvider,
      ...pace,
    });
    return atOnce(opened, atProvider);
  }
  if (provider === 'smtp' && smtpUrl !== undefined) {
    const { createSmtp } = await import('../integrations/mail/smtp.ts');
    return createSmtp({ url: smtpUrl, from, connections: atProvider, ...pace });
  }
  const { createOutbox } = await import('../integrations/mail/outbox.ts');
  return createOutbox({ dir: outboxOf(config), from, ...pace });
}

/** Opens mails for the console, where they are kept here. */
export async function openOutboxReader(config: Config) {
  if (config.mail.provider !== 'outbox') return undefined;
  const { createOutboxReader } = await import('../integrations/mail/outbox-reader.ts');
  return createOutboxReader(outboxOf(config));
}

function outboxOf({ dataDir }: Config): string {
  return join(dataDir, 'outbox');
}

/** Files in S3 when it is enabled, else in Supabase when it is set, else in a folder; with its place for people. */
export async function openStorage({
  storage,
  dataDir,
}: Config): Promise<{ storage: Storage; place: string }> {
  switch (storage.provider) {
    case 's3': {
      const { createS3Storage } = await import('../integrations/storage/s3.ts');
      const service = storage.endpoint ?? `S3 in ${storage.region}`;
      return { storage: createS3Storage(storage), place: `bucket ${storage.bucket} (${service})` };
    }
    case 'supabase': {
      const { createSupabaseStorage } = await import('../integrations/storage/supabase.ts');
      return {
        storage: createSupabaseStorage(storage),
        place: `bucket ${storage.bucket} (Supabase, ${storage.url})`,
      };
    }
    case 'local': {
      const dir = join(dataDir, 'storage');
      return { storage: createLocalStorage({ dir }), place: dir };
    }
  }
}

/** The model, with every call of it metered and held to the daily budget. */
export async function openModel(
  { openai }: Config,
  { modelBudget }: Database,
  events: Events,
  log: Logger,
): Promise<LanguageModel | undefined> {
  const { apiKey, baseUrl, model, dailyTokenLimit, prices } = openai;
  if (apiKey === undefined) return undefined;
  const [{ createOpenAi }, { createMeteredModel }] = await Promise.all([
    import('../integrations/llm/openai.ts'),
    import('../integrations/llm/metered.ts'),
  ]);
  return createMeteredModel(createOpenAi({ apiKey, baseUrl, model }), {
    budget: modelBudget,
    dailyLimit: dailyTokenLimit,
    prices,
    events,
    onError: (error) => log.warn({ err: error }, 'the tokens of a call were not written down'),
  });
}

/**
 * SAM.gov, or in development a sandbox of it in each process that does jobs (`works`); the description is of what the
 * jobs speak to, wherever they run.
 */
export async function openSamGov(
  config: Config,
  works: boolean,
  closers: (() => Promise<unknown>)[],
): Promise<{ driver: SamGov | undefined; description: string }> {
  const { apiKey, baseUrl } = config.samGov;
  if (apiKey !== undefined) {
    const { createSamGov } = await import('../integrations/sam-gov/client.ts');
    const extractFolder = join(config.dataDir, 'extracts');
    return { driver: createSamGov({ apiKey, baseUrl, extractFolder }), description: baseUrl };
  }
  if (config.environment !== 'development' || !config.roles.includes('worker'))
    return { driver: undefined, description: 'not configured (SAM_GOV_API_KEY)' };
  if (!works) return { driver: undefined, description: 'sandboxes with sample data, one a process' };
  const sandbox = await startSandbox(join(config.dataDir, 'extracts'));
  closers.push(() => sandbox.close());
  return { driver: sandbox.samGov, description: `sandbox with sample data (${sandbox.url})` };
}
