import type { Config } from '../../config/index.ts';
import type { Services } from '../../processors/define.ts';
import { createMailLinks } from '../http/mail-links.ts';
import { createFetcher } from '../integrations/attachments/fetcher.ts';
import { createTextExtractor } from '../integrations/attachments/text-extractor.ts';
import type { BrowserPool } from '../integrations/chromium/pool.ts';
import type { Database } from '../integrations/database/port.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import { openBrowsers } from './browser.ts';
import { openWebhooks } from './cer.ts';
import { openConverter } from './conversions.ts';
import { developmentSecret } from './development.ts';
import { openMail, openModel, openSamGov, openStorage } from './drivers.ts';

/** For people: what each service is, in words. */
export interface ServiceNames {
  readonly mail: string;
  readonly storage: string;
  readonly samGov: string;
  readonly ai: string;
  readonly conversions: string;
  readonly browser: string;
}

export interface OpenedServices {
  readonly services: Services;
  readonly names: ServiceNames;
  /** Signs links and sessions: the one that is set, or one that development keeps. */
  readonly jwtSecret: string;
  /** Absent where PDFs are drawn without one. */
  readonly browsers: BrowserPool | undefined;
}

/** Opens all that a processor may ask for; what was opened is closed by `closers`. */
export async function openServices(
  config: Config,
  log: Logger,
  closers: (() => Promise<unknown>)[],
  {
    works,
    database,
    events,
  }: { readonly works: boolean; readonly database: Database; readonly events: Events },
): Promise<OpenedServices> {
  const { storage, place } = await openStorage(config);
  const browsers = await openBrowsers(config, log, closers);
  const samGov = await openSamGov(config, works, closers);
  const jwtSecret = config.auth.jwtSecret ?? (await developmentSecret(config.dataDir));
  const mail = await openMail(config);
  closers.push(async () => mail.close?.());
  const llm = await openModel(config, database, events, log);
  const services: Services = {
    mail,
    database,
    storage,
    fetcher: createFetcher(),
    textExtractor: createTextExtractor(),
    converter: await openConverter(config, log),
    conversionLease: { worker: config.conversions.workerId, seconds: config.conversions.leaseSeconds },
    llm,
    samGov: samGov.driver,
    printer: browsers?.pool,
    links: createMailLinks(jwtSecret, config.http.appUrl),
    webhooks: await openWebhooks(config),
    events,
    settings: {
      appUrl: config.http.appUrl,
      mailFrom: config.mail.from,
      samGovDailyLimit: config.samGov.dailyLimit,
      debugScoring: config.debugScoring,
    },
  };
  const names: ServiceNames = {
    mail: mail.name,
    storage: place,
    samGov: samGov.description,
    ai:
      llm === undefined ? 'none: local scores only (OPENAI_API_KEY)' : `${llm.name}, ${config.openai.model}`,
    conversions: config.conversions.gatewayUrl ?? 'built-in converter (GATEWAY_URL)',
    browser: browsers?.description ?? 'none: PDFs are drawn without one (CHROMIUM_PATH)',
  };
  return { services, names, jwtSecret, browsers: browsers?.pool };
}
