import { createHash } from 'node:crypto';

/**
 * The job id of an idempotency key: the same key for the same job is the same id, and BullMQ adds an id only once.
 * A hash, since a key may hold what an id may not (a colon) and must not clash with ids that BullMQ counts up.
 */
export function jobIdOf(queue: string, job: string, idempotencyKey: string): string {
  return `k-${shortHash(`${queue}\n${job}\n${idempotencyKey}`)}`;
}

/** A part of an id that follows from a text: 192 bits of its hash. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}

/** Whether two payloads say the same, whatever the order of their fields: a reused key must not hide other work. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
