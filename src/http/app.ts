import express, { type Express, type Request } from 'express';
import type { PasswordCheck } from '../access/passwords.ts';
import { adminRoutes } from '../admin/index.ts';
import { nextPage } from '../admin/next-page.ts';
import type { OneTimeLinks } from '../admin/one-time-links.ts';
import { faultPage } from '../admin/pages.ts';
import { createSeal } from '../admin/seal.ts';
import type { DocumentRow } from '../integrations/database/port.ts';
import type { Access } from './access.ts';
import type { EventStreams } from './event-stream.ts';
import { createExamination, type Examine } from './examination.ts';
import { createFileLinks } from './file-links.ts';
import { auditing } from './middleware/audit.ts';
import { authenticate } from './middleware/authenticate.ts';
import { correlate } from './middleware/correlation.ts';
import { answerErrors, type ErrorView, notFound } from './middleware/errors.ts';
import { limitByToken, limitRefusals } from './middleware/rate-limits.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { timeLimit } from './middleware/time-limit.ts';
import { traceRequests } from './middleware/trace.ts';
import { describeApi } from './openapi/index.ts';
import type { HttpOptions } from './options.ts';
import { mount } from './route.ts';
import { apiRoutes } from './routes/api.ts';
import { apiDocumentRoutes } from './routes/api-document.ts';
import { linkTo } from './routes/documents.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { sendGridWebhook } from './routes/sendgrid-webhook.ts';
import { unsubscribeRoutes } from './routes/unsubscribe.ts';
import { createUnsubscribeLinks } from './unsubscribe-links.ts';

const defaultRequestTimeoutMs = 30_000;
/** 40 MB over a slow line; the listener cuts off what takes longer. */
const uploadTimeoutMs = 9 * 60_000;
const uploadPath = '/api/upload';

export interface AppParts {
  readonly access: Access;
  readonly checkPassword: PasswordCheck | undefined;
  readonly links: OneTimeLinks | undefined;
  readonly streams: EventStreams;
}

/** The whole of the HTTP side: pages and API. */
export function createApp(
  options: HttpOptions,
  { access, checkPassword, links, streams }: AppParts,
): Express {
  const { database, storage, redact } = options;
  const base = () => options.appUrl.replace(/\/+$/, '');
  const fileLinks = createFileLinks(options.jwtSecret, base);
  const examine = createExamination(options);
  const app = baseApp(options, examine);

  const audited = auditing(access.trail);
  const console = {
    ...options.console,
    jobs: options.jobs,
    queues: options.queues,
    jobSearch: options.jobSearch,
    streams,
    deadLetters: options.deadLetters,
    schedules: options.schedules,
    examine,
    audited,
    seal: createSeal(options.jwtSecret, 'console'),
    audit: database.audit,
    trail: access.trail,
    linkTo: (row: DocumentRow) => linkTo(row, storage, fileLinks),
  };
  app.use('/admin', adminRoutes({ ...options, oidc: options.oidc, access, checkPassword, links, console }));
  app.use('/files', fileRoutes({ documents: database.documents, storage, links: fileLinks }));
  app.use('/unsubscribe', unsubscribeRoutes(database.users, createUnsubscribeLinks(options.jwtSecret, base)));
  app.use(
    '/webhooks/sendgrid',
    limitRefusals(403),
    sendGridWebhook({ deliveries: database.deliveries, publicKey: options.sendGridWebhookKey }),
  );

  const routes = apiRoutes({ ...options, access, streams, links: fileLinks });
  app.use(
    '/api',
    apiDocumentRoutes(() => describeApi(routes)),
  );
  const api = express.Router();
  api.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  api.use(limitRefusals(401), authenticate(access.tokens), limitByToken());
  api.use(mount(routes, audited));
  app.use('/api', api);

  return finish(app, redact);
}

export type MetricsAppOptions = Pick<
  HttpOptions,
  'health' | 'ready' | 'log' | 'redact' | 'metrics' | 'trustProxy' | 'requestTimeoutMs'
>;

/** What scrapers see: metrics and health, nothing else. */
export function createMetricsApp(options: MetricsAppOptions): Express {
  return finish(baseApp(options, createExamination(options)), options.redact);
}

function baseApp(options: MetricsAppOptions, examine: Examine): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', options.trustProxy ?? 'loopback');
  app.use(traceRequests());
  app.use(correlate(options.log));
  app.use(securityHeaders());
  app.use(timeLimit(options.requestTimeoutMs ?? defaultRequestTimeoutMs, { [uploadPath]: uploadTimeoutMs }));
  app.use('/health', healthRoutes({ examine, ready: options.ready }));
  if (options.metrics !== undefined) app.use('/metrics', metricsRoutes(options.metrics));
  return app;
}

function finish(app: Express, redact: HttpOptions['redact']): Express {
  app.use(notFound);
  app.use(answerErrors(redact, pageForPeople));
  return app;
}

/** Where people come with a browser: the console, and what links in mails lead to. */
const forPeople = /^\/(admin|unsubscribe|files)(?![^/?])/;

/** People at a page of ours get a page. */
const pageForPeople: ErrorView = ({ status, message }, request, response) => {
  const [, part] = forPeople.exec(request.originalUrl) ?? [];
  if (part === undefined || request.accepts(['json', 'html']) !== 'html') return false;
  const inAdmin = part === 'admin' ? { inAdmin: backIn(request) } : {};
  response.type('html').send(faultPage({ status, message, ...inAdmin }));
  return true;
};

/** The page that was asked for, or that a change was to be made on. */
function backIn({ method, originalUrl }: Request) {
  const change = method !== 'GET' && method !== 'HEAD';
  return {
    change,
    address: nextPage(change ? originalUrl.replace(/\/do\/[^/?]+(?=\?|$)/, '') : originalUrl),
  };
}
