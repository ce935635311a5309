import { Router } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';
import { classify } from '../../errors/classify.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Redact } from '../../observability/redaction.ts';
import { sendData } from '../answer.ts';
import type { HealthCheck } from '../options.ts';

/** A component that takes longer is unwell, whatever it would have answered. */
const checkTimeoutMs = 3_000;

type Component =
  | { readonly state: 'up'; readonly latencyMs: number; readonly details?: object }
  | { readonly state: 'down'; readonly latencyMs: number; readonly error: string };

interface Health {
  readonly status: 'up' | 'down';
  readonly components: Readonly<Record<string, Component>>;
}

export interface HealthRoutesOptions {
  readonly health: Readonly<Record<string, HealthCheck>>;
  readonly ready: () => boolean;
  readonly log: Logger;
  readonly redact: Redact;
}

/** `/health`, for people; `/health/live` and `/health/ready`, for probes. */
export function healthRoutes(options: HealthRoutesOptions): Router {
  const router = Router();
  const examine = shared(() => examineAll(options));

  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });

  router.get('/', async (_request, response) => {
    const data = await examine();
    if (data.status === 'up') return sendData(response, data);
    const down = Object.keys(data.components).filter((name) => data.components[name]?.state === 'down');
    const error = { code: 'NOT_READY', message: `Not well: ${down.join(', ')}.` };
    response.status(503).set('Retry-After', '5').json({ success: false, error, data });
  });

  router.get('/live', (_request, response) => sendData(response, { status: 'up' }));

  router.get('/ready', (_request, response) => {
    if (!options.ready())
      throw new MillraceError(
        'NOT_READY',
        'This process is starting or stopping. Ask again, or ask another.',
      );
    sendData(response, { status: 'ready' });
  });

  return router;
}

/** Callers that come while an examination runs get its answer: anybody may ask, and each asks the database. */
function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function examineAll({ health, log, redact }: HealthRoutesOptions): Promise<Health> {
  const components = Object.fromEntries(
    await Promise.all(
      Object.entries(health).map(
        async ([name, check]) => [name, await examineOne(name, check, log, redact)] as const,
      ),
    ),
  );
  const well = Object.values(components).every(({ state }) => state === 'up');
  return { status: well ? 'up' : 'down', components };
}

async function examineOne(name: string, check: HealthCheck, log: Logger, redact: Redact): Promise<Component> {
  const began = performance.now();
  const latency = () => Math.round((performance.now() - began) * 10) / 10;
  try {
    const details = await inTime(check);
    return { state: 'up', latencyMs: latency(), ...(isObject(details) ? { details } : {}) };
  } catch (thrown) {
    log.warn({ err: thrown, component: name }, 'A component is unwell');
    // Anybody may read this, so of foreign errors, which may name hosts and users, only the code is told.
    const error = thrown instanceof MillraceError ? redact(thrown.message) : classify(thrown).code;
    return { state: 'down', latencyMs: latency(), error };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

async function inTime(check: HealthCheck): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `No answer within ${checkTimeoutMs / 1_000} s.`;
    timer = setTimeout(() => reject(new MillraceError('NOT_READY', message)), checkTimeoutMs);
  });
  try {
    return await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
