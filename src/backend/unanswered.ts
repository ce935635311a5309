import { messageOf } from '../errors/classify.ts';

/** How far a call that failed had come: `unknown` when the store has it, and may have done it without anybody hearing so. */
export type Reached = 'not-sent' | 'unknown' | 'refused';

/** Codes of Node for a server to which there is no way. */
const noWay = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const brokenOff = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);

/** pg and ioredis say these in words alone. */
const notSent =
  /^(timeout exceeded when trying to connect|Connection terminated due to connection timeout|Stream isn't writeable)/;
const lost =
  /^(Query read timeout|Connection terminated|Command timed out|Connection is closed|Reached the max retries)/;

/** Reads from a store's error whether what was asked may have been done. */
export function reached(error: unknown): Reached {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code !== undefined) return noWay.has(code) ? 'not-sent' : brokenOff.has(code) ? 'unknown' : 'refused';
  const text = messageOf(error);
  return notSent.test(text) ? 'not-sent' : lost.test(text) ? 'unknown' : 'refused';
}
