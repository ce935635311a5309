import type { Logger } from '../observability/logger.ts';

export interface EndingOptions {
  readonly log: Logger;
  /** Drains and closes everything. */
  stop(): Promise<void>;
}

/** The end of this process, which comes in order and once, whoever asks for it. */
export interface Ending {
  /** Whether an exit has been asked for; another run in its place is none. */
  readonly exiting: boolean;
  /** Stops, then exits. Of several codes the greatest counts. */
  exit(reason: string, code: number): void;
  /**
   * Stops, then runs the same program in place of this one, under the same process id and with nothing in memory. An
   * exit that is asked for meanwhile comes first.
   */
  again(reason: string): void;
}

export function createEnding({ log, stop }: EndingOptions): Ending {
  let stopping: Promise<void> | undefined;
  let exitCode: number | undefined;

  const finish = () => {
    log.info('stopped');
    log.flush(() => {
      if (exitCode === undefined) runAgain(log);
      process.exit(exitCode ?? 1);
    });
  };
  const begin = (reason: string) => {
    if (stopping !== undefined) return;
    log.info({ reason }, 'stopping: running jobs may finish');
    stopping = stop().then(finish, (error: unknown) => {
      log.error({ err: error }, 'did not stop in order');
      if (exitCode !== undefined) exitCode = Math.max(1, exitCode);
      finish();
    });
  };

  return {
    get exiting() {
      return exitCode !== undefined;
    },
    exit(reason, code) {
      exitCode = Math.max(exitCode ?? 0, code);
      begin(reason);
    },
    again: begin,
  };
}

/** Does not come back where it succeeds. Without `execve` (Windows, an older Node) whoever runs services has to do it. */
function runAgain(log: Logger): void {
  try {
    if (process.execve === undefined)
      throw new Error('This system cannot run a program in place of another.');
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  } catch (error) {
    log.error(
      { err: error },
      'ends instead of starting anew: have it started by a service manager, or Docker',
    );
    log.flush();
  }
}
