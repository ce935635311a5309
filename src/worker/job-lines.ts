import { redactedPaths } from '../observability/redaction.ts';
import type { JobLog } from './context.ts';

/** Lines that wait to be written; a processor that logs faster than the store writes is not held up by it. */
const mostWaiting = 100;
const longestLine = 2_000;
/** What the process's log drops is not kept here either. */
const dropped = new Set(redactedPaths.map((path) => path.split('.').at(-1)));

/**
 * Keeps what a processor logs with its job, for whoever watches it: one write at a time, in order. Lines that come
 * faster than they are written are counted instead. `debug` is for the process's own log.
 */
export class JobLines {
  readonly #keep: (line: string) => Promise<unknown>;
  readonly #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #leftOut = 0;
  #closed = false;

  constructor(keep: (line: string) => Promise<unknown>) {
    this.#keep = keep;
  }

  /** A log that writes to another and here. */
  beside(log: JobLog): JobLog {
    const both = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) => {
      log[level](fields, message);
      this.#add(level, fields, message);
    };
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: both('info'),
      warn: both('warn'),
      error: both('error'),
    };
  }

  /** Resolves when all lines have been written or have failed to be. Later ones are not kept. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  #add(level: string, fields: object, message: string): void {
    if (this.#closed) return;
    if (this.#waiting.length >= mostWaiting) {
      this.#leftOut++;
      return;
    }
    this.#waiting.push(lineOf(level, fields, message));
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      // Lines are for onlookers: that one could not be kept must not fail the job.
      await this.#keep(line).catch(() => undefined);
    }
    this.#writing = undefined;
  }

  #next(): string | undefined {
    const line = this.#waiting.shift();
    if (line !== undefined || this.#leftOut === 0) return line;
    const count = this.#leftOut;
    this.#leftOut = 0;
    return lineOf('warn', {}, `${count} lines came too fast to be kept here; the process's log has them`);
  }
}

function lineOf(level: string, fields: object, message: string): string {
  const rest = Object.keys(fields).length === 0 ? '' : ` ${fieldsOf(fields)}`;
  const line = `${new Date().toISOString()} ${level} ${message}${rest}`;
  // NUL is no text to PostgreSQL.
  return (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line).replaceAll('\0', '');
}

/** Of an error the line tells what it says: its stack is in the process's log. Masked, it is an error no more. */
function messageOf(err: unknown): unknown {
  return typeof err === 'object' && err !== null && 'message' in err ? err.message : err;
}

function fieldsOf(fields: object): string {
  try {
    return JSON.stringify(fields, (key, value: unknown) => {
      if (dropped.has(key)) return undefined;
      if (key === 'err' || value instanceof Error) return messageOf(value);
      return typeof value === 'bigint' ? String(value) : value;
    });
  } catch {
    // What refers to itself has no JSON; the line still says what happened.
    return '';
  }
}
