import { Command, Option } from 'commander';
import { loadConfig } from '../../../config/index.ts';
import { queueNames } from '../../../queues/index.ts';
import type { IndexedJob, IndexedState } from '../../integrations/database/port.ts';
import { type JobQuestion, JobSearch } from '../../job-index/search.ts';
import { createLogger } from '../../observability/logger.ts';
import { createRedactor } from '../../observability/redaction.ts';
import { readLimit, readTime } from '../arguments.ts';
import { table } from '../tables.ts';
import { moment, oneLine, print } from '../terminal.ts';

const states = [
  'waiting',
  'active',
  'delayed',
  'completed',
  'failed',
  'cancelled',
  'unknown',
] as const satisfies readonly IndexedState[];

type ListOptions = Omit<JobQuestion, 'q' | 'errorCode' | 'until'> & {
  readonly error?: string;
  readonly to?: Date;
  readonly limit: number;
  readonly json?: true;
};

/** `millrace job …`: reads the index itself, so it needs no process that runs. */
export function jobCommand(): Command {
  const command = new Command('job').description('Finds jobs.');
  command
    .command('list')
    .description(
      'Finds jobs, the newest first: those that wait, run or have ended, and those that their queue forgot.',
    )
    .argument(
      '[words...]',
      'words of payload and failure, all of which have to be there; acm* is any that begins so',
    )
    .addOption(new Option('--queue <queue>', 'those of one queue').choices(queueNames))
    .option('--name <name>', 'those of one name, such as send-welcome')
    .addOption(new Option('--state <state>', 'those in one state').choices(states))
    .option('--id <id>', 'those of one id')
    .option('--correlation-id <id>', 'those of one correlation id')
    .option('--tenant <tenant>', 'those of one tenant')
    .option('--owner <name>', 'those that somebody has added')
    .option('--error <code>', 'those that failed with a code, such as JOB_TIMEOUT')
    .option('--from <time>', 'added at this time or later, as 2026-05-01 or 2026-05-01T10:00Z', readTime)
    .option('--to <time>', 'added before this time', readTime)
    .option('--limit <number>', 'how many, 1 to 1000', readLimit, 20)
    .option('--cursor <cursor>', 'goes on where a list ended')
    .option('--json', 'answer as JSON')
    .action(list);
  return command;
}

async function list(words: readonly string[], options: ListOptions): Promise<void> {
  const { limit, json, error: errorCode, to: until, ...filter } = options;
  const q = words.length === 0 ? undefined : words.join(' ');
  const { jobs, next } = await withSearch((search) => search.page({ ...filter, q, errorCode, until }, limit));
  if (json === true) return print(JSON.stringify({ jobs, nextCursor: next ?? null }));
  print(jobs.length === 0 ? 'No job fits.' : describe(jobs));
  if (next !== undefined) process.stderr.write(`There are more: --cursor ${next}\n`);
}

async function withSearch<T>(work: (search: JobSearch) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const closers: (() => Promise<unknown>)[] = [];
  const redact = createRedactor();
  const log = createLogger({ level: 'warn', serviceName: 'millrace', readable: true, redact });
  try {
    // Loaded when it is needed: most commands ask the platform, and no database.
    const { openTables } = await import('../../composition/tables.ts');
    const { database } = await openTables(config, log, closers);
    return await work(new JobSearch(config.jobIndex.on ? database.jobIndex : undefined));
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function describe(jobs: readonly IndexedJob[]): string {
  const rows = jobs.map(({ queue, jobId, name, state, attempts, addedAt, durationMs, error }) => [
    moment(addedAt.toISOString()),
    state,
    `${queue}/${name}`,
    jobId,
    String(attempts),
    durationMs === undefined ? '-' : `${durationMs} ms`,
    error === undefined ? '' : oneLine(`${error.code}: ${error.message}`),
  ]);
  return table(['ADDED (UTC)', 'STATE', 'JOB', 'ID', 'TRIES', 'TOOK', 'ERROR'], rows);
}
