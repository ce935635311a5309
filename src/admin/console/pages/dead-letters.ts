import { z } from 'zod';
import { queueNames } from '../../../../queues/index.ts';
import { html, type Markup } from '../../../http/html.ts';
import type { DeadLetterFilter, OpenedDeadLetter } from '../../../integrations/database/port.ts';
import type { DeadLetterControl } from '../../../queue/dead-letter-control.ts';
import { jobMask, maskFaults } from '../../../queue/masking/index.ts';
import { asQuery, filterFields } from '../dead-letters/filter.ts';
import { payloadFields, typedPayload } from '../dead-letters/payload-form.ts';
import {
  dryRunPath,
  groupTable,
  letterBadge,
  lettersPath,
  letterTable,
  operationAddress,
  operationTable,
} from '../dead-letters/tables.ts';
import { type ConsolePage, defineAction, definePage, type View } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts } from '../parts/table.ts';
import { block, id, json, number, text, time } from '../parts/values.ts';
import { address, jobAddress, pager } from '../parts/ways.ts';

export interface DeadLetterServices {
  readonly deadLetters: DeadLetterControl;
}

const nav = 'Dead letters';
const mostGroups = 50;
const states = ['open', 'replayed', 'discarded'] as const;
const query = z.object({
  ...filterFields,
  state: z.enum([...states, 'all']).default('open'),
  cursor: cursor.pipe(
    z
      .string()
      .regex(/^\d{1,15}\.\d{1,18}$/)
      .optional(),
  ),
});
const params = z.object({ letter: z.string().max(400) });
const fields = z.record(z.string(), z.string());
const objectOf = ({ letter }: z.output<typeof params>) => `dead-letter:${letter}`;

/** Dead letters: their causes, their list, and each of them. */
export function deadLetterPages({ deadLetters }: DeadLetterServices): ConsolePage[] {
  const list = definePage({
    path: '/dead-letters',
    title: 'Dead letters',
    nav,
    permission: 'dead-letters.read',
    query,
    async render({ query: { cursor: before, state, ...filter }, now, may }) {
      const chosen: DeadLetterFilter = state === 'all' ? filter : { ...filter, state };
      const grouped = state === 'open' && filter.cause === undefined && before === undefined;
      const [found, groups, operations] = await Promise.all([
        deadLetters.list(chosen, before, rowsAtOnce + 1),
        grouped ? deadLetters.groups(chosen, mostGroups) : [],
        grouped ? deadLetters.inBulk.list(5) : [],
      ]);
      const letters = found.slice(0, rowsAtOnce);
      const next = found.length > rowsAtOnce ? letters.at(-1)?.cursor : undefined;
      const asked = { ...asQuery(filter), state };
      return {
        body: html`<p>Jobs that will not be tried again. Mend the cause, then replay them; each runs once.</p>
${filterForm(lettersPath, filterInputs(filter, state))}
${grouped ? html`<h2>Causes</h2>${groupTable(groups, filter, now, may('dead-letters.change'))}` : undefined}
<h2>Letters</h2>
${
  state === 'open' && letters.length > 0 && may('dead-letters.change')
    ? html`<p><a href="${address(dryRunPath, asQuery(filter))}">Replay or discard all of these</a></p>`
    : undefined
}
${letterTable(letters, now, 'Dead letters, those that failed last first')}
${pager(lettersPath, asked, { cursor: before, next })}
${operations.length > 0 ? html`<h2>Under way and done</h2>${operationTable(operations, now)}` : undefined}`,
      };
    },
  });

  const show = definePage({
    path: '/dead-letters/letter/:letter',
    title: 'Dead letter',
    nav,
    permission: 'dead-letters.read',
    params,
    actions: {
      replay: defineAction({
        permission: 'dead-letters.change',
        audit: 'dead-letter.replay',
        params,
        body: fields,
        object: objectOf,
        async run({ params: { letter: letterId }, body, principal, note }) {
          const letter = await deadLetters.find(letterId);
          const payload = typedPayload(letter.queue, letter.job, body);
          const edited = payload === undefined ? {} : { payload };
          const job = await deadLetters.replay(letterId, { by: principal.subject, ...edited });
          note({ job: `${job.queue}/${job.id}` });
          return { notice: `Job ${job.id} of ${job.queue} goes again.` };
        },
      }),
      discard: defineAction({
        permission: 'dead-letters.change',
        audit: 'dead-letter.discard',
        params,
        body: z.object({ reason: z.string({ error: 'say why' }).min(1).max(500) }),
        object: objectOf,
        confirm: (_params, { reason }) => ({
          question: `Discard this dead letter, since: ${reason}? Its job will not run again from here.`,
          yes: 'Discard it',
        }),
        async run({ params: { letter: letterId }, body: { reason }, principal, note }) {
          note({ reason });
          await deadLetters.discard(letterId, { by: principal.subject, reason });
          return { to: lettersPath, notice: 'The dead letter was discarded.' };
        },
      }),
    },
    async render(view) {
      const letter = await deadLetters.find(view.params.letter);
      return {
        title: `${letter.job} ${letter.jobId}`,
        crumbs: [{ label: nav, href: lettersPath }],
        body: letterBody(letter, view),
      };
    },
  });

  return [list, show];
}

function filterInputs(filter: DeadLetterFilter, state: string): Markup[] {
  const { from, until } = asQuery(filter);
  return [
    choice({
      name: 'queue',
      label: 'Queue',
      value: filter.queue,
      options: optionsOf(queueNames, 'Every queue'),
    }),
    field({ name: 'job', label: 'Job', value: filter.job }),
    field({ name: 'code', label: 'Error code', value: filter.code }),
    field({ name: 'words', label: 'Words of the message', type: 'search', value: filter.words }),
    field({ name: 'from', label: 'From (UTC)', type: 'datetime-local', value: from }),
    field({ name: 'until', label: 'Until (UTC)', type: 'datetime-local', value: until }),
    choice({ name: 'state', label: 'State', value: state, options: optionsOf([...states, 'all']) }),
    ...(filter.cause === undefined
      ? []
      : [field({ name: 'cause', label: 'Cause', value: filter.cause, hint: 'Empty it for all causes' })]),
  ];
}

function letterBody(
  letter: OpenedDeadLetter,
  { now, form, failed, may }: Pick<View, 'now' | 'form' | 'failed' | 'may'>,
): Markup {
  const { content, queue, job, state } = letter;
  const { payload, text: mask } = jobMask({ queue, name: job, payload: content.payload });
  const details = maskFaults(content.details ?? [], mask);
  const typed = failed?.action === 'replay' ? failed.values : undefined;
  const open = state === 'open';
  return html`<div class="fault"><p><code>${letter.code}</code> ${text(letter.message)}</p>${
    details.length === 0
      ? undefined
      : html`<ul>${details.map(({ path, message }) => html`<li><code>${path}</code>: ${text(message)}</li>`)}</ul>`
  }</div>
${facts({
  State: letterBadge(state),
  Queue: queue,
  Job: html`<a href="${jobAddress(queue, letter.jobId)}">${job} ${text(letter.jobId)}</a>`,
  Attempts: number(letter.attempts),
  Failed: time(letter.failedAt, now),
  Added: time(letter.addedAt, now),
  'Added by': letter.addedBy === undefined ? undefined : text(letter.addedBy),
  'Correlation id': letter.correlationId === undefined ? undefined : id(letter.correlationId),
  Cause: html`<a href="${address(lettersPath, { cause: letter.cause })}">All of this cause</a>`,
  'What was done': may('audit.read')
    ? html`<a href="${address('/admin/audit', { object: `dead-letter:${letter.id}` })}">In the audit log</a>`
    : undefined,
  Closed: letter.closedAt === undefined ? undefined : time(letter.closedAt, now),
  'Closed by': letter.closedBy === undefined ? undefined : text(letter.closedBy),
  Reason: letter.reason === undefined ? undefined : text(letter.reason),
  'Runs as':
    letter.replayJob === undefined
      ? undefined
      : html`<a href="${jobAddress(queue, letter.replayJob)}">${text(letter.replayJob)}</a>`,
  'Closed in':
    letter.operation === undefined || state === 'open'
      ? undefined
      : html`<a href="${operationAddress({ kind: state === 'replayed' ? 'replay' : 'discard', id: letter.operation })}">a ${state === 'replayed' ? 'replay' : 'discard'} of many</a>`,
})}
<h2>Payload</h2>
${json(payload, 'Payload')}
${content.stack === undefined ? undefined : html`<details><summary>Stack</summary>${block(mask(content.stack), 'Stack')}</details>`}
${
  open
    ? html`<h2>Replay</h2>
${form('replay', { label: 'Replay', fields: payloadFields(queue, job, payload, typed) })}
<h2>Discard</h2>
${form('discard', {
  label: 'Discard',
  tone: 'danger',
  fields: field({
    name: 'reason',
    label: 'Why',
    value: failed?.action === 'discard' ? failed.values.reason : undefined,
    required: true,
  }),
})}`
    : undefined
}`;
}
