import { html, type Markup } from '../../../../http/html.ts';
import { paths } from '../../../../http/page-paths.ts';
import type { IndexedJob, JobHistory, JobTry } from '../../../../integrations/database/port.ts';
import type { JobView } from '../../../../queue/job-view.ts';
import { addressLink, jobLink, stateBadge } from '../../parts/jobs.ts';
import { facts, table } from '../../parts/table.ts';
import { badge, block, duration, id, json, text, time } from '../../parts/values.ts';
import { address } from '../../parts/ways.ts';

/** The jobs that a job has added, and those that ran in its place again. */
export interface Family {
  readonly children: readonly IndexedJob[];
  readonly reruns: readonly IndexedJob[];
}

interface Known {
  readonly queue: string;
  readonly id: string;
  readonly history: JobHistory | undefined;
}

/** Where a job stands, and when it came there. */
export function stateOf(
  { queue, id: jobId, history }: Known,
  job: JobView | undefined,
  { now, address: here }: { readonly now: Date; readonly address: string },
): Markup {
  const state = job?.state ?? history?.state ?? 'unknown';
  const { made, max } = job?.attempts ?? { made: history?.attempts ?? 0, max: history?.maxAttempts };
  const startedAt = job?.startedAt ?? history?.startedAt;
  const finishedAt = job?.finishedAt ?? history?.finishedAt;
  const correlationId = job?.correlationId ?? history?.correlationId;
  const owner = job?.addedBy ?? history?.owner;
  const tenant = job?.tenant ?? history?.tenant;
  const isOver = finishedAt !== undefined;
  return html`${
    job === undefined
      ? html`<p class="hint">The queue has forgotten this job. What stands here was kept by the index, with the payload shortened.</p>`
      : undefined
  }
${facts({
  State: html`${stateBadge(state)}${isOver ? undefined : html` <a href="${here}">Look again</a>`}`,
  Progress: job === undefined || isOver ? undefined : progressOf(job.progress),
  Queue: html`<a href="${address(`${paths.home}/search`, { queue })}">${queue}</a>`,
  Id: id(jobId),
  Attempts: max === undefined ? String(made) : `${made} of ${max}`,
  Added: time(job?.createdAt ?? history?.addedAt, now),
  Due: history?.dueAt === undefined ? undefined : time(history.dueAt, now),
  Started: time(startedAt, now),
  Ended: time(finishedAt, now),
  Waited: history?.waitMs === undefined ? undefined : duration(history.waitMs / 1_000),
  Took: durationOf(startedAt, finishedAt),
  'Added by': owner === undefined ? 'the platform' : text(owner),
  Tenant: tenant === undefined ? undefined : text(tenant),
  'Correlation id':
    correlationId === undefined
      ? undefined
      : html`<a href="${address(`${paths.home}/search`, { correlationId })}"><code>${correlationId}</code></a>`,
  'Trace id': history?.traceId === undefined ? undefined : id(history.traceId),
})}`;
}

function progressOf({ percent, message }: JobView['progress']): Markup {
  return html`<progress max="100" value="${percent}" aria-label="Progress">${percent} %</progress> ${Math.round(percent)} %${
    message === undefined ? undefined : html`<br><small>${text(message)}</small>`
  }`;
}

function durationOf(from: Date | undefined, to: Date | undefined): string | undefined {
  if (from === undefined || to === undefined) return undefined;
  return duration(Math.max(0, to.getTime() - from.getTime()) / 1_000);
}

/** What went in, what came out, and what was said in between. */
export function detailsOf(job: JobView | undefined, history: JobHistory | undefined, now: Date): Markup {
  const failure = job === undefined ? failureOf(history) : job.failure;
  const tries = history?.tries ?? [];
  return html`${failure === undefined ? undefined : html`<h2>Failure</h2>${block(failure, 'Failure')}`}
${tries.length === 0 ? undefined : html`<h2>Attempts that did not complete it</h2>${triesTable(tries, now)}`}
<h2>Payload</h2>${json(job === undefined ? history?.payload : job.payload, 'Payload')}
${job?.result === undefined ? undefined : html`<h2>Result</h2>${json(job.result, 'Result')}`}
${
  job === undefined || job.logs.length === 0
    ? undefined
    : html`<h2>Log</h2>${block(job.logs.join('\n'), 'Log')}`
}`;
}

function failureOf(history: JobHistory | undefined): string | undefined {
  return history?.error === undefined ? undefined : `[${history.error.code}] ${history.error.message}`;
}

function triesTable(tries: readonly JobTry[], now: Date): Markup {
  return table({
    caption: 'Attempts',
    captionHidden: true,
    empty: '',
    rows: tries,
    columns: [
      { head: 'Attempt', number: true, names: true, cell: ({ attempt }) => attempt },
      { head: 'Began', cell: ({ at }) => time(at, now) },
      { head: 'Took', number: true, cell: ({ seconds }) => duration(seconds) },
      { head: 'Led to', cell: ({ outcome }) => badge(ends[outcome], outcome === 'failed' ? 'bad' : 'warn') },
      {
        head: 'Failure',
        words: true,
        cell: ({ code, message }) => html`<code>${code}</code><br><small>${text(message)}</small>`,
      },
    ],
  });
}

const ends: Readonly<Record<JobTry['outcome'], string>> = {
  retried: 'another attempt',
  waiting: 'a wait',
  failed: 'failure',
  cancelled: 'cancelled',
};

/** What a job belongs to: the job that added it, those that it added, and runs of the same work. */
export function familyOf(
  history: JobHistory | undefined,
  { children, reruns }: Family,
  now: Date,
): Markup | undefined {
  const { parent, rerunOf } = history ?? {};
  if (parent === undefined && rerunOf === undefined && children.length + reruns.length === 0)
    return undefined;
  const list = (caption: string, rows: readonly IndexedJob[]) =>
    rows.length === 0
      ? undefined
      : table<IndexedJob>({
          caption,
          empty: '',
          rows,
          columns: [
            { head: 'Job', names: true, cell: jobLink },
            { head: 'State', cell: ({ state }) => stateBadge(state) },
            { head: 'Added', cell: ({ addedAt }) => time(addedAt, now) },
          ],
        });
  return html`<h2>Belongs to</h2>${
    parent === undefined && rerunOf === undefined
      ? undefined
      : facts({
          'Added by job': parent === undefined ? undefined : addressLink(parent),
          'Further run of': rerunOf === undefined ? undefined : addressLink(rerunOf),
        })
  }${list('Jobs that it added', children)}${list('Further runs of it', reruns)}`;
}
