import type { Client, Job, JobReference, Progress } from '../client/index.ts';
import { onInterrupt, print } from './terminal.ts';

/** What a command that has waited for a job ends with. */
export const jobExitCodes = { failed: 4, late: 5 } as const;

const barWidth = 30;

/**
 * Shows a job as it moves until it has ended: its log on stdout, how far it is on stderr. At a terminal the bar is drawn
 * over; elsewhere each change of state is a line.
 */
export async function follow(
  client: Client,
  job: JobReference,
  { json, timeoutMs }: { readonly json: boolean; readonly timeoutMs?: number | undefined },
): Promise<Job> {
  const out = json ? undefined : process.stderr;
  let bar = '';
  const draw = () => {
    if (out?.isTTY === true && bar !== '') out.write(`\r\u001b[K${bar}`);
  };
  const clear = () => {
    if (out?.isTTY === true) out.write('\r\u001b[K');
  };
  const undo = onInterrupt(`The job goes on. Follow it again: millrace job tail ${job.queue} ${job.id}`);
  const ended = await client
    .watch(job, {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      onState(state) {
        if (json) print(JSON.stringify({ event: 'state', state }));
        else if (out?.isTTY !== true) out?.write(`${job.queue}/${job.id}: ${state}\n`);
      },
      onProgress(progress) {
        if (json) return print(JSON.stringify({ event: 'progress', ...progress }));
        bar = barOf(progress);
        draw();
      },
      onLog(line) {
        if (json) return print(JSON.stringify({ event: 'log', line }));
        clear();
        print(line);
        draw();
      },
    })
    .finally(undo);
  clear();
  if (ended.state !== 'completed') process.exitCode = jobExitCodes.failed;
  return ended;
}

function barOf({ percent, message = '' }: Progress): string {
  const filled = Math.round((percent / 100) * barWidth);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${Math.round(percent)} % ${message}`.trimEnd();
}

/** A job for people, a fact a line. */
export function describeJob(job: Job): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Job', `${job.queue}/${job.name}  ${job.id}`],
    ['State', job.state],
    ['Progress', job.state === 'active' ? barOf(job.progress) : undefined],
    ['Attempts', `${job.attempts.made} of ${job.attempts.max}`],
    ['Added', `${job.createdAt}${job.addedBy === undefined ? '' : ` by ${job.addedBy}`}`],
    ['Started', job.startedAt],
    ['Ended', job.finishedAt],
    ['Correlation', job.correlationId],
    ['Failure', job.failure],
    ['Payload', indented(job.payload)],
    ['Result', job.result === undefined ? undefined : indented(job.result)],
    ['Log', job.logs.length === 0 ? undefined : `\n${job.logs.map((line) => `  ${line}`).join('\n')}`],
  ];
  return facts
    .flatMap(([name, fact]) => (fact === undefined ? [] : [`${name.padEnd(12)} ${fact}`]))
    .join('\n');
}

function indented(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll('\n', `\n${' '.repeat(13)}`);
}
