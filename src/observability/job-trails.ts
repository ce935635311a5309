/** One line of a job's log, without its fields: they may hold people's data. */
export interface TrailLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  /** Seconds since 1970. */
  readonly at: number;
}

interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How much is remembered of one job, and of how many jobs; those that were silent the longest are forgotten first. */
const linesOfJob = 30;
const jobs = 1_000;

/** Remembers what jobs have logged lately, over all their attempts, for an alert that tells of one. */
export class JobTrails {
  readonly #trails = new Map<string, TrailLine[]>();

  /** A log that writes to another and is remembered here. */
  beside(log: Log, bindings: Readonly<Record<string, unknown>>): Log {
    const key = keyOf(String(bindings.queue), String(bindings.jobId));
    const both = (level: TrailLine['level']) => (fields: object, message: string) => {
      log[level](fields, message);
      this.#add(key, { level, message, at: Date.now() / 1_000 });
    };
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: both('info'),
      warn: both('warn'),
      error: both('error'),
    };
  }

  /** A job's lines, oldest first; they are forgotten with this. */
  take(queue: string, jobId: string): readonly TrailLine[] {
    const key = keyOf(queue, jobId);
    const lines = this.#trails.get(key) ?? [];
    this.#trails.delete(key);
    return lines;
  }

  #add(key: string, line: TrailLine): void {
    const lines = this.#trails.get(key) ?? [];
    lines.push(line);
    if (lines.length > linesOfJob) lines.shift();
    // Put back at the end, since a Map keeps the order of insertion.
    this.#trails.delete(key);
    this.#trails.set(key, lines);
    if (this.#trails.size <= jobs) return;
    const [oldest] = this.#trails.keys();
    if (oldest !== undefined) this.#trails.delete(oldest);
  }
}

/** No queue's name has a slash. */
function keyOf(queue: string, jobId: string): string {
  return `${queue}/${jobId}`;
}
