import { messageOf } from '../errors/classify.ts';

/**
 * How far a call that failed had come: `unknown` when the store has it, and may have done it without anybody hearing so,
 * `no-room` when it refused it for want of disk or memory.
 */
export type Reached = 'not-sent' | 'unknown' | 'no-room' | 'refused';

/** Codes of Node for a server to which there is no way. */
const noWay = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const brokenOff = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);

/** pg and ioredis say these in words alone. */
const notSent =
  /^(timeout exceeded when trying to connect|Connection terminated due to connection timeout|Stream isn't writeable)/;
const lost =
  /^(Query read timeout|Connection terminated|Command timed out|Connection is closed|Reached the max retries)/;

/** PostgreSQL's class 53: its disk is full, or it got no memory for the statement. */
const noRoom = new Set(['53100', '53200']);
/**
 * Redis begins a refusal with its code: memory is at `maxmemory`, or what it holds cannot be saved. A script is refused
 * before its first write (https://redis.io/docs/latest/develop/programmability/eval-intro/).
 */
const noRoomInRedis = /^(OOM|MISCONF) /;

/** Reads from a store's error whether what was asked may have been done. */
export function reached(error: unknown): Reached {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code !== undefined) {
    if (noWay.has(code)) return 'not-sent';
    if (brokenOff.has(code)) return 'unknown';
    return noRoom.has(code) ? 'no-room' : 'refused';
  }
  const text = messageOf(error);
  if (noRoomInRedis.test(text)) return 'no-room';
  return notSent.test(text) ? 'not-sent' : lost.test(text) ? 'unknown' : 'refused';
}
