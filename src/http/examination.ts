import { MillraceError } from '../errors/catalogue.ts';
import { classify } from '../errors/classify.ts';
import type { Logger } from '../observability/logger.ts';
import type { Redact } from '../observability/redaction.ts';

/** Looks at one component; rejects when it is unwell. An object that it answers is shown under `/health`. */
export type HealthCheck = () => Promise<unknown>;

/** A component that takes longer is unwell, whatever it would have answered. */
const checkTimeoutMs = 3_000;

export type Component =
  | { readonly state: 'up'; readonly latencyMs: number; readonly details?: object }
  | { readonly state: 'down'; readonly latencyMs: number; readonly error: string };

export interface Health {
  readonly status: 'up' | 'down';
  readonly components: Readonly<Record<string, Component>>;
}

/** Looks at every component. */
export type Examine = () => Promise<Health>;

export interface ExaminationOptions {
  readonly health: Readonly<Record<string, HealthCheck>>;
  readonly log: Logger;
  readonly redact: Redact;
}

export function createExamination(options: ExaminationOptions): Examine {
  return shared(() => examineAll(options));
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

async function examineAll({ health, log, redact }: ExaminationOptions): Promise<Health> {
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
