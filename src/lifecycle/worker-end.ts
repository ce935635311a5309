/** Why a worker process ended. */
export type WorkerEnd = 'stopped' | 'memory' | 'silent' | 'not-started' | 'died';

/** What the system says of it. */
export interface HowItEnded {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not be run at all. */
  readonly error?: Error;
}

/** What became of a worker process, for whoever keeps the logs. */
export interface EndReport {
  /** Counted from 1. */
  readonly worker: number;
  readonly pid: number | undefined;
  readonly end: WorkerEnd;
  /** For people. */
  readonly message: string;
  /** By itself, with code 0. */
  readonly inOrder: boolean;
  /** Ends in a row that came too soon. */
  readonly failures: number;
  /** Absent when it is not started again. */
  readonly restartInMs: number | undefined;
}

/** Says how a process ended and what may be behind it; `fault` is what it told of itself. */
export function explainEnd(end: WorkerEnd, how: HowItEnded, fault: string | undefined): string {
  switch (end) {
    case 'stopped':
      return `It ${describe(how)}.`;
    case 'memory':
      return 'It had passed MAX_MEMORY_RESTART and was drained.';
    case 'silent':
      return 'It had not been heard of for too long and was killed; its jobs are taken up by others.';
    case 'not-started':
      return fault === undefined
        ? `It ${describe(how)} before it was up; what it printed stands above.`
        : `It could not start: ${fault}`;
    case 'died':
      return `It ${describe(how)}.${perhaps(how)}`;
  }
}

function describe({ code, signal, error }: HowItEnded): string {
  if (error !== undefined) return `could not be run (${error.message})`;
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}

function perhaps({ signal }: HowItEnded): string {
  if (signal === 'SIGKILL') return ' The system may have run out of memory.';
  if (signal === 'SIGABRT') return ' Its heap may have been full: see above, and --max-old-space-size.';
  return '';
}
