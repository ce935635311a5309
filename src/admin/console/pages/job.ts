import { z } from 'zod';
import { queues as definitions, isQueueName, type JobDefinition } from '../../../../queues/index.ts';
import { messageOf } from '../../../errors/classify.ts';
import { parse } from '../../../http/answer.ts';
import { contextOf, principalOf } from '../../../http/context.ts';
import type { EventStreams } from '../../../http/event-stream.ts';
import { html, type Markup } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';
import { findKnownJob, type KnownJob, rerunnable } from '../../../job-index/known-job.ts';
import type { JobSearch } from '../../../job-index/search.ts';
import type { JobControl } from '../../../queue/job-control.ts';
import type { JobView } from '../../../queue/job-view.ts';
import { JobWatch } from '../../../queue/job-watch.ts';
import { maskJob } from '../../../queue/masking/index.ts';
import type { QueueManager } from '../../../queue/queue-manager.ts';
import { rerun } from '../../../queue/rerun.ts';
import { type ConsoleFile, type ConsolePage, defineAction, definePage, type View } from '../page.ts';
import { jobPath } from '../parts/jobs.ts';
import { payloadFields, readPayload } from '../parts/payload-form.ts';
import { live } from '../parts/ways.ts';
import { detailsOf, type Family, familyOf, stateOf } from './job/sections.ts';

export interface JobServices {
  readonly jobs: JobControl;
  readonly queues: QueueManager;
  readonly jobSearch: JobSearch;
  readonly streams: EventStreams;
}

const params = z.object({ queue: z.string().max(128), id: z.string().max(300) });
type Address = z.output<typeof params>;

const object = ({ queue, id }: Address) => `job:${queue}/${id}`;
/** How many of a job's children, and of its further runs, its page names. */
const mostRelatives = 20;

/** One job: what it is, how it went, what it belongs to, and what can be done with it. */
export function jobPage(services: JobServices): ConsolePage {
  const { jobs, queues, jobSearch } = services;
  const change = { permission: 'jobs.change', params, object } as const;

  const known = ({ queue, id }: Address): Promise<KnownJob> => findKnownJob(services, queue, id);
  const relatives = async ({ queue, id }: Address): Promise<Family> => {
    if (!jobSearch.on) return { children: [], reruns: [] };
    const address = `${queue}/${id}`;
    const [children, reruns] = await Promise.all([
      jobSearch.page({ parent: address }, mostRelatives),
      jobSearch.page({ rerunOf: address }, mostRelatives),
    ]);
    return { children: children.jobs, reruns: reruns.jobs };
  };

  return definePage({
    path: '/jobs/:queue/:id',
    title: 'Job',
    nav: 'Search',
    permission: 'jobs.read',
    params,
    actions: {
      cancel: defineAction({
        ...change,
        audit: 'job.cancel',
        confirm: ({ id }) => ({
          question: `Cancel job ${id}? It does not come back by itself.`,
          yes: 'Cancel the job',
        }),
        async run({ params: { queue, id }, principal, note }) {
          const { cancelling } = await jobs.cancel(queue, id, principal.subject);
          note({ running: cancelling });
          return { notice: cancelling ? 'The job is told to stop.' : 'The job is cancelled.' };
        },
      }),
      retry: defineAction({
        ...change,
        audit: 'job.retry',
        async run({ params: { queue, id }, principal }) {
          await jobs.retry(queue, id, principal.subject);
          return { notice: 'The job goes once more.' };
        },
      }),
      promote: defineAction({
        ...change,
        audit: 'job.promote',
        async run({ params: { queue, id } }) {
          await jobs.promote(queue, id);
          return { notice: 'The job may run now.' };
        },
      }),
      reveal: defineAction({
        permission: 'jobs.reveal',
        audit: 'job.reveal',
        params,
        object,
        async run({ params: address }) {
          const job = await known(address);
          return {
            shown: {
              title: titleOf(job),
              crumbs: [back(job)],
              body: detailsOf(job.live, job.history, new Date()),
            },
          };
        },
      }),
      rerun: defineAction({
        permission: 'jobs.change',
        audit: 'job.rerun',
        params,
        body: z.record(z.string(), z.string()),
        object,
        async run({ params: address, body, principal, note }) {
          const job = await known(address);
          const edited = readPayload(schemaOf(job), shownPayload(job), body);
          const added = await rerun(queues, rerunnable(job), edited, { by: principal.subject });
          note({ job: added.id });
          return { to: jobPath(added.queue, added.id), notice: `This is the new run of job ${job.id}.` };
        },
      }),
    },
    async render(view) {
      const [job, family] = await Promise.all([known(view.params), relatives(view.params)]);
      const shown = job.live === undefined ? undefined : maskJob(job.live);
      const isOver = shown === undefined || ['completed', 'failed', 'cancelled'].includes(shown.state);
      const now = html`${stateOf(job, shown, view)}${buttons(view, shown)}${detailsOf(shown, job.history, view.now)}`;
      return {
        title: titleOf(job),
        crumbs: [{ label: 'Search', href: `${paths.home}/search` }],
        // What has ended stands under the same id, so that a page that watched it comes to its end.
        body: html`${isOver ? html`<div id="job">${now}</div>` : live('job', 10, now, eventsPath(view.params))}
${familyOf(job.history, family, view.now)}
${rerunForm(view, job)}`,
      };
    },
  });
}

/** Every change of a job, as server-sent events: the page that is open looks again when one comes. */
export function jobEvents({ jobs, streams }: JobServices): ConsoleFile {
  const watch = new JobWatch(jobs);
  return {
    path: '/jobs/:queue/:id/events',
    permission: 'jobs.read',
    handlers: [
      async (request, response) => {
        const { queue, id } = parse(params, { ...request.params }, 'address');
        const stream = streams.open(response, principalOf(request));
        try {
          for await (const { change } of watch.changes(queue, id, stream.signal)) {
            // Nothing of the job itself: the page that is fetched then masks what has to be masked.
            await stream.send(change.kind, '', {});
          }
        } catch (error) {
          contextOf(request).log.warn(
            { queue, jobId: id, reason: messageOf(error) },
            'A stream of events broke off',
          );
        } finally {
          stream.close();
        }
      },
    ],
  };
}

function eventsPath({ queue, id }: Address): string {
  return `${jobPath(queue, id)}/events`;
}

function titleOf({ name, id }: KnownJob): string {
  return `${name} ${id}`;
}

function back(job: KnownJob) {
  return { label: titleOf(job), href: jobPath(job.queue, job.id) };
}

/** What can be done with a job where it stands, for those who may. */
function buttons(view: View<Address>, job: JobView | undefined): Markup | undefined {
  if (job === undefined) return undefined;
  const { state } = job;
  const forms = [
    state === 'waiting' || state === 'delayed' || state === 'active'
      ? view.form('cancel', { label: 'Cancel', tone: 'danger' })
      : undefined,
    state === 'failed' || (state === 'cancelled' && job.startedAt !== undefined)
      ? view.form('retry', { label: 'Retry' })
      : undefined,
    state === 'delayed' ? view.form('promote', { label: 'Run now' }) : undefined,
    view.form('reveal', { label: 'Show in clear', tone: 'quiet' }),
  ].filter((form) => form !== undefined);
  return forms.length === 0 ? undefined : html`<h2>Change</h2><div class="buttons">${forms}</div>`;
}

function rerunForm(view: View<Address>, job: KnownJob): Markup | undefined {
  const payload = shownPayload(job);
  if (payload === undefined) return undefined;
  const { failed } = view;
  const typed = failed?.action === 'rerun' ? failed.values : undefined;
  const fields = payloadFields(schemaOf(job), payload, typed);
  const form = view.form('rerun', { label: 'Run again', fields });
  if (form === undefined) return undefined;
  const hint =
    job.live === undefined
      ? 'The queue has forgotten the job: long values are cut, and what is masked has to be written anew.'
      : 'What is masked keeps its value if you leave it so.';
  return html`<details${typed === undefined ? undefined : html` open`}><summary>Run again with an edited payload</summary>
<p>Makes a new job that is linked to this one. ${hint}</p>${form}</details>`;
}

/** The payload as people see it. */
function shownPayload({ live, history }: KnownJob): unknown {
  return live === undefined ? history?.payload : maskJob(live).payload;
}

function schemaOf({ queue, name }: KnownJob): z.ZodType | undefined {
  const jobs: Readonly<Record<string, JobDefinition>> = isQueueName(queue) ? definitions[queue].jobs : {};
  return Object.hasOwn(jobs, name) ? jobs[name]?.payload : undefined;
}
