import { type Client, type Job, RefusedError } from '../client/index.ts';

/** What is shown of a job, or of several as one. */
export type JobStatus = Pick<Job, 'id' | 'state' | 'progress' | 'result' | 'failure'>;

/** Jobs that are watched under the words that a person knows them by: one, or several that are shown as one. */
export interface WatchedJob {
  readonly label: string;
  readonly queue: string;
  /** Of several, those that do not exist are left out. */
  readonly id: string | readonly string[];
}

const barWidth = 20;
const pollMs = 150;
/** Questions about one line's jobs at a time. */
const mostAtOnce = 20;
const ended = new Set(['completed', 'failed']);

/**
 * Shows jobs as they move, a line each, until all have ended. On a terminal the lines are drawn over; elsewhere each
 * change is a line of its own.
 */
export async function watchJobs(
  client: Client,
  jobs: readonly WatchedJob[],
  out: NodeJS.WriteStream,
): Promise<JobStatus[]> {
  const trackers = jobs.map((job) =>
    typeof job.id === 'string' ? trackOne(client, job, job.id) : trackMany(client, job, job.id),
  );
  const last: string[] = [];
  let drawn = 0;
  while (true) {
    const statuses = await Promise.all(trackers.map((look) => look()));
    const lines = jobs.map((job, index) => lineOf(job, statuses[index]));
    if (out.isTTY) {
      // Up to the first line of the last drawing, and clear what is below.
      out.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ''}${lines.join('\n')}\n`);
      drawn = lines.length;
    } else {
      for (const [index, line] of lines.entries()) {
        const state = statuses[index]?.state ?? '';
        if (last[index] !== state) out.write(`${line}\n`);
        last[index] = state;
      }
    }
    if (statuses.every(({ state }) => ended.has(state))) return statuses;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

type Look = () => Promise<JobStatus>;

function trackOne(client: Client, { queue }: WatchedJob, id: string): Look {
  let latest: JobStatus | undefined;
  return async () => {
    if (latest === undefined || !ended.has(latest.state)) latest = await client.getJob({ queue, id });
    return latest;
  };
}

/** Several jobs as one: its progress is the share of those that have ended. */
function trackMany(client: Client, { label, queue }: WatchedJob, ids: readonly string[]): Look {
  let pending = [...ids];
  let done = 0;
  const failures: string[] = [];
  return async () => {
    const asked = pending.slice(0, mostAtOnce);
    const statuses = await Promise.all(asked.map((id) => find(client, queue, id)));
    const over = new Set(
      asked.filter((_, at) => statuses[at] === undefined || ended.has(statuses[at].state)),
    );
    pending = pending.filter((id) => !over.has(id));
    done += statuses.filter((status) => status?.state === 'completed').length;
    failures.push(
      ...statuses.flatMap((status) => (status?.state === 'failed' ? [status.failure ?? 'failed'] : [])),
    );
    const state = pending.length > 0 ? 'active' : failures.length > 0 ? 'failed' : 'completed';
    const percent = ids.length === 0 ? 100 : Math.floor(((ids.length - pending.length) / ids.length) * 100);
    const [failure] = failures;
    return {
      id: label,
      state,
      progress: { percent, message: `${done} done` },
      result: { done },
      ...(failure === undefined ? {} : { failure: `${failures.length} failed, the first: ${failure}` }),
    };
  };
}

/** `undefined` when there is none of that id. */
async function find(client: Client, queue: string, id: string): Promise<JobStatus | undefined> {
  try {
    return await client.getJob({ queue, id });
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'JOB_NOT_FOUND') return undefined;
    throw error;
  }
}

function lineOf({ label, queue }: WatchedJob, status: JobStatus | undefined): string {
  const { state = 'waiting', progress } = status ?? {};
  const percent = progress?.percent ?? 0;
  const filled = Math.round((percent / 100) * barWidth);
  const bar = '#'.repeat(filled) + '.'.repeat(barWidth - filled);
  const what = state === 'failed' ? (status?.failure ?? 'failed') : (progress?.message ?? '');
  return `  ${label.padEnd(34)} ${queue.padEnd(18)} [${bar}] ${state.padEnd(9)} ${what}`.trimEnd();
}
