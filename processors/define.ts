import type { JobName, QueueName, Queues, Result } from '../queues/index.ts';
import type { Fetcher, TextExtractor } from '../src/integrations/attachments/port.ts';
import type { HtmlPrinter } from '../src/integrations/chromium/port.ts';
import type { PdfConverter } from '../src/integrations/conversion-gateway/port.ts';
import type { Database } from '../src/integrations/database/port.ts';
import type { Links } from '../src/integrations/links/port.ts';
import type { LanguageModel } from '../src/integrations/llm/port.ts';
import type { MailProvider } from '../src/integrations/mail/port.ts';
import type { SamGov } from '../src/integrations/sam-gov/port.ts';
import type { Storage } from '../src/integrations/storage/port.ts';
import type { WebhookSender } from '../src/integrations/webhooks/port.ts';
import type { Events } from '../src/observability/events.ts';
import type { JobContext } from '../src/worker/context.ts';
import type { Pending } from './pending.ts';

/** All that a processor may ask for. Ports only: which driver stands behind one is the composition root's affair. */
export interface Services {
  readonly mail: MailProvider;
  readonly database: Database;
  readonly storage: Storage;
  /** Gets files from public web addresses. */
  readonly fetcher: Fetcher;
  readonly textExtractor: TextExtractor;
  readonly converter: PdfConverter;
  readonly conversionLease: ConversionLease;
  /** Absent without a key: AI steps are then skipped and say so. */
  readonly llm: LanguageModel | undefined;
  readonly samGov: SamGov | undefined;
  /** Absent where no browser is found: documents are then drawn without one. */
  readonly printer: HtmlPrinter | undefined;
  readonly links: Links;
  /** Absent without a secret to sign with. */
  readonly webhooks: WebhookSender | undefined;
  readonly events: Events;
  readonly settings: ProcessorSettings;
}

/** Under whose name, and for how many seconds at a time, conversions are leased. */
export interface ConversionLease {
  readonly worker: string;
  readonly seconds: number;
}

/** The few settings that processors need, handed in since they do not read the configuration. */
export interface ProcessorSettings {
  /** Base of links in mails, without a slash at its end. */
  readonly appUrl: string;
  readonly mailFrom: string;
  readonly samGovDailyLimit: number;
  readonly debugScoring: boolean;
}

/** How a job is done. `services` names what it needs; its context holds just that. */
export interface Processor<
  Q extends QueueName,
  N extends JobName<Q>,
  K extends keyof Services = keyof Services,
> {
  readonly services: readonly K[];
  /**
   * Resolves to the job's result. Throw `UnrecoverableError` when another attempt is of no use, `RateLimitedError`
   * when a provider asked to wait; anything else is tried again.
   */
  run(context: JobContext<Q, N, Pick<Services, K>>): Promise<Result<Q, N>>;
}

/**
 * The results of all jobs. A job's own stays open until its queue and name are inferred, and TypeScript would meanwhile
 * read `status: 'sent'` as any string; this says that it may be one of a few words.
 */
type AnyResult = { [Q in QueueName]: { [N in JobName<Q>]: Result<Q, N> }[JobName<Q>] }[QueueName];

/** Declares a job's processor; queue and name only serve to infer the types of payload and result. */
export function defineProcessor<Q extends QueueName, N extends JobName<Q>, const K extends keyof Services>(
  _queue: Q,
  _name: N,
  services: readonly K[],
  run: (context: JobContext<Q, N, Pick<Services, K>>) => Promise<Result<Q, N> & AnyResult>,
): Processor<Q, N, K> {
  return { services, run };
}

type PendingOf<Q extends QueueName> = Q extends keyof Pending ? Pending[Q][number] : never;

/** Every job of every queue has its processor here, unless `pending.ts` names it: a missing or extra one does not compile. */
export type Processors = {
  readonly [Q in QueueName]: {
    readonly [N in Exclude<JobName<Q>, PendingOf<Q>>]: {
      readonly services: readonly (keyof Services)[];
      // A processor asks for some of the services, so one that is given all can run each.
      run(context: JobContext<Q, N, Services>): Promise<Result<Q, N>>;
    };
  };
};

/** Jobs that may stand in `pending.ts`. */
export type PendingJobs = { readonly [Q in keyof Queues]?: readonly JobName<Q>[] };
