import { html, type Markup } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';
import { badge, type Tone } from './values.ts';

/** Where a job stands, as pages say it. */
export const states = [
  'waiting',
  'active',
  'delayed',
  'completed',
  'failed',
  'cancelled',
  'unknown',
] as const;
type State = (typeof states)[number];

const tones: Readonly<Record<State, Tone>> = {
  waiting: 'quiet',
  active: 'busy',
  delayed: 'quiet',
  completed: 'good',
  failed: 'bad',
  cancelled: 'warn',
  unknown: 'warn',
};

export function stateBadge(state: State): Markup {
  return badge(state, tones[state]);
}

/** The address of a job's page. */
export function jobPath(queue: string, id: string): string {
  return `${paths.home}/jobs/${encodeURIComponent(queue)}/${encodeURIComponent(id)}`;
}

/** A job by its name and id, with the way to its page. */
export function jobLink(job: {
  readonly queue: string;
  readonly jobId: string;
  readonly name: string;
}): Markup {
  const { queue, jobId, name } = job;
  return html`<a href="${jobPath(queue, jobId)}">${name}</a><br><small>${queue} <code>${jobId}</code></small>`;
}

/** A job that is known by `<queue>/<id>` alone. */
export function addressLink(at: string): Markup {
  const [queue = '', ...rest] = at.split('/');
  return html`<a href="${jobPath(queue, rest.join('/'))}"><code>${at}</code></a>`;
}
