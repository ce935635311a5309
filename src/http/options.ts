import type { OidcSettings } from '../access/oidc-discovery.ts';
import type { ConsoleServices, WebMade } from '../admin/console/pages/index.ts';
import type { PdfConverter } from '../integrations/conversion-gateway/port.ts';
import type { Database } from '../integrations/database/port.ts';
import type { LanguageModel } from '../integrations/llm/port.ts';
import type { Storage } from '../integrations/storage/port.ts';
import type { JobSearch } from '../job-index/search.ts';
import type { Logger } from '../observability/logger.ts';
import type { Redact } from '../observability/redaction.ts';
import type { DeadLetterControl } from '../queue/dead-letter-control.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueControl } from '../queue/queue-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import type { Schedules } from '../queue/schedules.ts';
import type { HealthCheck } from './examination.ts';

/** Scores of a story's own text, 0 to 10. */
export type ScoreStory = (text: { readonly title: string; readonly content: string }) => {
  readonly hypeScore: number;
  readonly ethicsScore: number;
};

/** What Prometheus reads. */
export interface MetricsSource {
  readonly contentType: string;
  render(): Promise<string>;
}

/** What the HTTP side of the platform is made of. */
export interface HttpOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A second listener for `/metrics` and `/health` alone; 0 for none. */
  readonly metricsPort: number;
  /** Nobody has asked for that port: where it is taken, the service does without. */
  readonly metricsPortIsDefault?: boolean;
  readonly production: boolean;
  /** Base of the links that are given out; with https, cookies are sent over https alone. */
  readonly appUrl: string;
  /** At least 32 bytes. Signs the tokens; session, form and file keys are derived from it. */
  readonly jwtSecret: string;
  readonly adminUser: string;
  /** As `hashPassword` writes it; absent: nobody signs in by password. */
  readonly adminPasswordHash: string | undefined;
  /** Absent: nobody signs in at an identity provider. */
  readonly oidc?: OidcSettings | undefined;
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly deadLetters: DeadLetterControl;
  readonly schedules: Schedules;
  readonly queueControl: QueueControl;
  readonly jobSearch: JobSearch;
  readonly database: Database;
  readonly storage: Storage | undefined;
  readonly llm: LanguageModel | undefined;
  /** Says which mappings there are, where that is known here. */
  readonly converter: Pick<PdfConverter, 'hasMapping'>;
  /** How large an uploaded PDF may be; 40 MB when absent. */
  readonly maxPdfBytes?: number;
  readonly scoreStory: ScoreStory;
  /** Whether webhooks can be signed; requests that want one are refused otherwise. */
  readonly signsWebhooks: boolean;
  /** What the console's pages are about, but for what is known here. */
  readonly console: Omit<ConsoleServices, WebMade>;
  /** Verifies SendGrid's event webhook, which is closed without it. */
  readonly sendGridWebhookKey: string | undefined;
  readonly metrics: MetricsSource | undefined;
  /** The components by name. */
  readonly health: Readonly<Record<string, HealthCheck>>;
  /** `false` while the process starts or drains. */
  readonly ready: () => boolean;
  readonly log: Logger;
  readonly redact: Redact;
  /** Whose `X-Forwarded-*` is believed, in Express's terms; a proxy on this machine when absent. */
  readonly trustProxy?: string | number;
  /** How long a request may take before it is answered with REQUEST_TIMEOUT, in ms; 30 s when absent. */
  readonly requestTimeoutMs?: number;
  /** How long `stop` waits for requests under way, in ms; 10 s when absent. */
  readonly drainMs?: number;
}
