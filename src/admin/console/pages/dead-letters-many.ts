import { z } from 'zod';
import { html } from '../../../http/html.ts';
import type { DeadLetterOperation } from '../../../integrations/database/port.ts';
import { asFields, asQuery, filterFields } from '../dead-letters/filter.ts';
import {
  groupTable,
  lettersPath,
  letterTable,
  operationAddress,
  operationBadge,
} from '../dead-letters/tables.ts';
import { type ConsolePage, defineAction, definePage } from '../page.ts';
import { field } from '../parts/forms.ts';
import { facts } from '../parts/table.ts';
import { number, text, time } from '../parts/values.ts';
import { address, live } from '../parts/ways.ts';
import type { DeadLetterServices } from './dead-letters.ts';

const nav = 'Dead letters';
const crumbs = [{ label: nav, href: lettersPath }];
const filter = z.object(filterFields);
const perSecond = z.coerce
  .number({ error: 'must be a number' })
  .min(0.1, 'must be 0.1 at least')
  .max(500, 'must be 500 at most');
const operationParams = z.object({ kind: z.enum(['replay', 'discard']), id: z.string().max(64) });

/** Many dead letters at once: what would be done, and how far it has come. */
export function deadLetterBulkPages({ deadLetters }: DeadLetterServices): ConsolePage[] {
  const dryRun = definePage({
    path: '/dead-letters/replay',
    title: 'Replay or discard',
    nav,
    permission: 'dead-letters.read',
    query: filter,
    actions: {
      replay: defineAction({
        permission: 'dead-letters.change',
        audit: 'dead-letter.replay',
        body: filter.extend({ perSecond, key: z.string().max(64).optional() }),
        object: () => 'dead-letters:filter',
        async run({ body: { perSecond: pace, key, ...chosen }, principal, note }) {
          const started = await deadLetters.inBulk.start(
            {
              kind: 'replay',
              filter: chosen,
              perSecond: pace,
              reason: undefined,
              requestedBy: principal.subject,
            },
            key,
          );
          note({ ...asFields(chosen), replay: started.id, total: started.total, perSecond: pace });
          return { to: operationAddress(started), notice: `The replay of ${started.total} has begun.` };
        },
      }),
      discard: defineAction({
        permission: 'dead-letters.change',
        audit: 'dead-letter.discard',
        body: filter.extend({
          reason: z.string({ error: 'say why' }).min(1).max(500),
          total: z.string().max(20).optional(),
        }),
        object: () => 'dead-letters:filter',
        confirm: (_params, { reason, total }) => ({
          question: `Discard ${total ?? 'all of these'} dead letters, since: ${reason}? Their jobs will not run again from here.`,
          yes: 'Discard them',
        }),
        async run({ body: { reason, total: _, ...chosen }, principal, note }) {
          const started = await deadLetters.inBulk.start({
            kind: 'discard',
            filter: chosen,
            perSecond: 200,
            reason,
            requestedBy: principal.subject,
          });
          note({ ...asFields(chosen), discard: started.id, total: started.total, reason });
          return { to: operationAddress(started), notice: `The discard of ${started.total} has begun.` };
        },
      }),
    },
    async render({ query, now, form, failed }) {
      const { total, groups, samples } = await deadLetters.inBulk.preview(query);
      const hidden = asFields(query);
      const typed = failed?.values;
      return {
        title: `Replay or discard ${number(total)} dead letters`,
        crumbs: [...crumbs, { label: 'Chosen', href: address(lettersPath, asQuery(query)) }],
        body:
          total === 0
            ? html`<p class="empty">No open dead letter fits this any more.</p>`
            : html`<p>Nothing is done yet. These are the dead letters that fit; those that come after you have begun are left alone.</p>
${groupTable(groups, query, now, false)}
${letterTable(samples, now, 'The newest of them')}
<h2>Replay</h2>
${form('replay', {
  label: `Replay ${number(total)}`,
  hidden,
  fields: field({
    name: 'perSecond',
    label: 'How many a second',
    value: typed?.perSecond ?? '10',
    hint: 'From 0.1 to 500. It can be stopped.',
    required: true,
  }),
})}
<h2>Discard</h2>
${form('discard', {
  label: `Discard ${number(total)}`,
  tone: 'danger',
  hidden: { ...hidden, total: String(total) },
  fields: field({ name: 'reason', label: 'Why', value: typed?.reason, required: true }),
})}`,
      };
    },
  });

  const progress = definePage({
    path: '/dead-letters/operation/:kind/:id',
    title: 'Progress',
    nav,
    permission: 'dead-letters.read',
    params: operationParams,
    actions: {
      stop: defineAction({
        permission: 'dead-letters.change',
        // A stop is a step of the replay or discard that it ends.
        audit: 'dead-letter.replay',
        params: operationParams,
        object: ({ kind, id }) => `dead-letters:${kind}/${id}`,
        async run({ params: { kind, id }, note }) {
          note({ stop: true });
          const { done, total } = await deadLetters.inBulk.stop(kind, id);
          return { notice: `It is stopped, with ${done} of ${total} done.` };
        },
      }),
    },
    async render({ params: { kind, id }, now, form }) {
      const operation = await deadLetters.inBulk.find(kind, id);
      const { state, total, done, failed, fault, filter: chosen } = operation;
      const bar = html`<progress max="${Math.max(total, 1)}" value="${done + failed}" aria-label="Progress">${done} of ${total}</progress>`;
      return {
        title: `${kind === 'replay' ? 'Replay' : 'Discard'} of ${number(total)}`,
        crumbs,
        body: html`${live(
          'progress',
          2,
          html`<p>${operationBadge(state)} ${number(done)} of ${number(total)} done${left(operation)}</p>
<p>${bar}</p>
${
  failed > 0
    ? html`<div class="fault"><p>${number(failed)} could not be dealt with and stay open. The last: ${text(fault ?? 'unknown')}</p></div>`
    : undefined
}
${state === 'running' ? form('stop', { label: 'Stop', tone: 'danger' }) : undefined}
${facts({
  By: text(operation.requestedBy),
  Pace: `${number(operation.perSecond)} a second`,
  Reason: operation.reason === undefined ? undefined : text(operation.reason),
  Began: time(operation.createdAt, now),
  Ended: operation.endedAt === undefined ? undefined : time(operation.endedAt, now),
})}`,
        )}
<p><a href="${address(lettersPath, asQuery(chosen))}">What is still open of it</a></p>`,
      };
    },
  });

  return [dryRun, progress];
}

function left({ state, total, done, failed }: DeadLetterOperation): string {
  const rest = total - done - failed;
  if (state !== 'done' || rest <= 0) return '';
  return `; ${number(rest)} were dealt with by others meanwhile`;
}
