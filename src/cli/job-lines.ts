import type { ApiClient, JobStatus } from './api-client.ts';

/** A job that is being watched, under the words that a person knows it by. */
export interface WatchedJob {
  readonly label: string;
  readonly queue: string;
  readonly id: string;
}

const barWidth = 20;
const pollMs = 150;
const ended = new Set(['completed', 'failed']);

/**
 * Shows jobs as they move, a line each, until all have ended. On a terminal the lines are drawn over; elsewhere each
 * change is a line of its own.
 */
export async function watchJobs(
  api: ApiClient,
  jobs: readonly WatchedJob[],
  out: NodeJS.WriteStream,
): Promise<JobStatus[]> {
  const last = new Map<string, string>();
  let drawn = 0;
  while (true) {
    const statuses = await Promise.all(jobs.map(({ queue, id }) => api.job(queue, id)));
    const lines = jobs.map((job, index) => lineOf(job, statuses[index]));
    if (out.isTTY) {
      // Up to the first line of the last drawing, and clear what is below.
      out.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ''}${lines.join('\n')}\n`);
      drawn = lines.length;
    } else {
      for (const [index, line] of lines.entries()) {
        const state = `${statuses[index]?.state}`;
        // Ids are counted for each queue, so that the same one may stand in two.
        const job = `${jobs[index]?.queue} ${jobs[index]?.id}`;
        if (last.get(job) !== state) out.write(`${line}\n`);
        last.set(job, state);
      }
    }
    if (statuses.every(({ state }) => ended.has(state))) return statuses;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
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
