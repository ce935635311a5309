import type { EventMap, Events } from './events.ts';
import { JobTrails } from './job-trails.ts';
import type { Redact } from './redaction.ts';
import { Storm } from './storm.ts';

export interface SentryOptions {
  readonly dsn: string;
  readonly environment: string;
  readonly release: string;
  readonly serviceName: string;
  readonly tracesSampleRate: number;
  readonly redact: Redact;
  /** How long dead letters of one cause are gathered once there are many, in ms; a minute when absent. */
  readonly stormWindowMs?: number;
}

export interface Alerts {
  /** Remembers what jobs log, to send it along as breadcrumbs. */
  readonly trails: JobTrails;
  /** Reports an error that no job caused. */
  report(error: unknown): void;
  /** Sends what is still to be sent, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

type DeadLettered = EventMap['job.dead_lettered'];

/** Parts of the SDK that do not fit: */
const unwanted = new Set([
  // uncaught errors are ours to handle, since the process drains before it ends;
  'OnUncaughtException',
  'OnUnhandledRejection',
  // two jobs that fail for one cause are two dead letters, and each is told; the fingerprint makes them one issue.
  'Dedupe',
]);

/** Mails, prompts and query parameters hold people's data; by default the SDK would send all of it. */
const nothing = {
  userInfo: false,
  cookies: false,
  httpHeaders: false,
  httpBodies: [],
  urlQueryParams: false,
  graphQL: { document: false, variables: false },
  genAI: { inputs: false, outputs: false },
  mcp: { inputs: false, outputs: false },
  databaseQueryData: false,
  queues: false,
  stackFrameVariables: false,
};

const defaultStormWindowMs = 60_000;
/** Events of one cause in a window, before the rest is one count. */
const singleEvents = 5;

/**
 * Sends one event to Sentry for each dead letter, and nothing for retries that later succeed; of a storm the first few,
 * then one with the number of the others for each minute. The SDK is loaded only
 * when a DSN is set: it costs more start-up time than all the rest.
 */
export async function startSentry(events: Events, options: SentryOptions): Promise<Alerts> {
  const Sentry = await import('@sentry/node');
  const { redact } = options;
  Sentry.init({
    dsn: options.dsn,
    environment: options.environment,
    release: options.release,
    serverName: options.serviceName,
    // The SDK takes a rate of 0 for "tracing is on", and then instruments every library it knows.
    ...(options.tracesSampleRate > 0 ? { tracesSampleRate: options.tracesSampleRate } : {}),
    integrations: (defaults) => defaults.filter(({ name }) => !unwanted.has(name)),
    dataCollection: nothing,
    // The SDK's own would be those of whatever other jobs ran at the time; a job's are put in below.
    maxBreadcrumbs: 0,
    beforeSend(event) {
      scrub(event, redact);
      return event;
    },
    beforeSendSpan(span) {
      scrub(span, redact);
      return span;
    },
  });
  const trails = new JobTrails();
  const send = (letter: DeadLettered, more: number) => {
    const { queue, job, jobId, attempt, correlationId, failure, deadLetterId } = letter;
    const error = new Error(more === 0 ? failure.message : `${failure.message} (and ${more} more like it)`);
    error.name = failure.code;
    error.stack = failure.stack ?? `${failure.code}: ${failure.message}`;
    Sentry.captureException(error, (scope) => {
      scope.setTags({ queue, job, code: failure.code, correlationId });
      scope.setContext('job', { queue, name: job, id: jobId, attempt, correlationId, deadLetterId });
      if (more > 0) scope.setExtra('more', more);
      // One issue for each cause, whatever the job's own data.
      scope.setFingerprint([queue, job, failure.code]);
      scope.addEventProcessor((event) => ({
        ...event,
        breadcrumbs: trails.take(queue, jobId).map(({ level, message, at }) => ({
          category: 'job',
          level: level === 'warn' ? 'warning' : level,
          message,
          timestamp: at,
        })),
      }));
      return scope;
    });
  };
  const storm = new Storm<DeadLettered>({
    windowMs: options.stormWindowMs ?? defaultStormWindowMs,
    single: singleEvents,
    tell: (letter) => send(letter, 0),
    // Its own event says one of them; the number is of the others.
    tellCount: (letter, held) => send(letter, held - 1),
  });
  events.on('job.dead_lettered', (letter) => {
    storm.add(JSON.stringify([letter.queue, letter.job, letter.failure.code]), letter);
  });
  return {
    trails,
    report: (error) => {
      Sentry.captureException(error);
    },
    async close(timeoutMs) {
      storm.flush();
      await Sentry.close(timeoutMs);
    },
  };
}

/** Redacts every text in what is about to be sent, in place. */
function scrub(part: object, redact: Redact, seen = new WeakSet<object>()): void {
  seen.add(part);
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'string') Reflect.set(part, key, redact(value));
    // The SDK's own notes: they are not sent, and they lead to the whole process.
    else if (key === 'sdkProcessingMetadata') continue;
    else if (typeof value === 'object' && value !== null && !seen.has(value)) scrub(value, redact, seen);
  }
}
