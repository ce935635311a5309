import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html, type Markup } from '../../../http/html.ts';
import type { Audited } from '../../../http/middleware/audit.ts';
import { framedHeaders } from '../../../http/middleware/security-headers.ts';
import {
  deliveryOutcomes,
  deliveryStatuses,
  type Lists,
  type MailRecord,
  type ToldOfMail,
} from '../../../integrations/database/port.ts';
import { createTextMask } from '../../../queue/masking/index.ts';
import type { Seal } from '../../seal.ts';
import { type ConsoleFile, type ConsolePage, definePage, type View } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts, table } from '../parts/table.ts';
import { badge, id, maskedAddress, number, type Tone, text, time } from '../parts/values.ts';
import { below, framed, pager, tabs } from '../parts/ways.ts';

/** What a mail says, as it went out. */
export interface OpenedMail {
  readonly subject: string;
  readonly html: string | undefined;
  readonly text: string | undefined;
}

export interface OutboxServices {
  readonly lists: Pick<Lists, 'mails' | 'mail'>;
  /** Opens a mail in the outbox by its id there; `undefined` when it is gone. Absent where mails go elsewhere. */
  readonly openMail: ((messageId: string) => Promise<OpenedMail | undefined>) | undefined;
  readonly audited: Audited;
  /** For recipients in the addresses of pages, which are seen by more people than may see the recipients. */
  readonly seal: Seal;
}

const path = '/admin/outbox';
const filter = z.object({
  recipient: z.string().max(320).optional(),
  template: z.string().max(100).optional(),
  status: z.enum(deliveryStatuses).optional(),
  outcome: z.enum(deliveryOutcomes).optional(),
  cursor,
});
const address = z.object({ job: z.string().max(1_000), to: z.string().max(1_000) });
/** What only admins see, each in a frame of its own. */
const parts = { recipient: 'Recipient', html: 'HTML', text: 'Text' } as const;
type Part = keyof typeof parts;
const part = z.object({ view: z.enum(['recipient', 'html', 'text']).optional() });

/** The ledger of mails; with the outbox, what they say. */
export function outboxPages({ lists, openMail, seal }: OutboxServices): ConsolePage[] {
  const list = definePage({
    path: '/outbox',
    title: 'Outbox',
    nav: 'Outbox',
    permission: 'mails.read',
    query: filter,
    async render(view) {
      const { cursor: from, ...wanted } = view.query;
      const page = await lists.mails(wanted, { cursor: from, limit: rowsAtOnce });
      const rows = await Promise.all(
        page.rows.map(async (mail) => ({
          ...mail,
          href: below(path, mail.jobKey, await seal.close(mail.recipient)),
        })),
      );
      return {
        body: html`${filterForm(path, [
          field({
            name: 'recipient',
            label: 'Recipient',
            value: wanted.recipient,
            hint: 'The whole address',
          }),
          field({ name: 'template', label: 'Template', value: wanted.template, hint: 'Such as welcome' }),
          choice({
            name: 'status',
            label: 'Status',
            value: wanted.status,
            options: optionsOf(deliveryStatuses, 'Every status'),
          }),
          choice({
            name: 'outcome',
            label: 'Outcome',
            value: wanted.outcome,
            options: optionsOf(deliveryOutcomes, 'Every outcome'),
          }),
        ])}
${table({
  caption: 'Mails, the newest first',
  empty: 'No mail fits.',
  rows,
  columns: [
    {
      head: 'To',
      names: true,
      cell: (mail) => html`<a href="${mail.href}">${recipientOf(mail)}</a>`,
    },
    { head: 'Template', cell: ({ template }) => text(template) },
    { head: 'Status', cell: (mail) => statusOf(mail) },
    { head: 'Outcome', cell: (mail) => outcomeOf(mail) },
    { head: 'Provider', cell: ({ provider }) => provider },
    { head: 'Attempts', number: true, cell: ({ attempts }) => number(attempts) },
    { head: 'Begun', cell: ({ claimedAt }) => time(claimedAt, view.now) },
  ],
})}
${pager(path, wanted, { cursor: from, next: page.next })}`,
      };
    },
  });

  const show = definePage({
    path: '/outbox/:job/:to',
    title: 'Mail',
    nav: 'Outbox',
    permission: 'mails.read',
    params: address,
    query: part,
    frames: true,
    async render(view) {
      const { job, to } = view.params;
      const mail = await findMail({ lists, seal }, job, to);
      if (mail === undefined) throw notThere();
      const here = below(path, job, to);
      const { view: shown } = view.query;
      const canOpen = openMail !== undefined && mail.provider === 'outbox' && mail.status === 'sent';
      const may = view.may('mails.reveal');
      const opens = partsOf(canOpen, may);
      return {
        title: `Mail to ${recipientOf(mail)}`,
        crumbs: [{ label: 'Outbox', href: path }],
        body: html`${
          opens.length > 0
            ? tabs('What is shown of the mail', [
                { label: 'Delivery', href: here, current: shown === undefined },
                ...opens.map((each) => ({
                  label: parts[each],
                  href: `${here}?view=${each}`,
                  current: shown === each,
                })),
              ])
            : undefined
        }${
          shown !== undefined && opens.includes(shown)
            ? framed(below(path, job, to, shown), `The mail’s part: ${parts[shown]}`)
            : html`${delivery(mail, view)}${told(mail, view)}<p class="hint">${whyNot(mail)}${whatItSays(canOpen, may)}</p>`
        }`,
      };
    },
  });

  return [list, show];
}

/** A mail's parts, each for a frame: none can run, send or fetch anything. Each look is in the audit log. */
export function outboxFiles({ lists, openMail, audited, seal }: OutboxServices): ConsoleFile[] {
  const opened = async (mail: MailRecord | undefined) =>
    mail?.messageId === undefined || mail.provider !== 'outbox' ? undefined : openMail?.(mail.messageId);
  const open = (shown: Part): ConsoleFile => ({
    path: `/outbox/:job/:to/${shown}`,
    permission: 'mails.reveal',
    handlers: [
      ...framedHeaders(),
      audited(
        'mails.reveal',
        'mail.reveal',
        ({ params }) => `mail:${String(params.job)}`,
        async (request, response) => {
          const { job, to } = address.parse(request.params);
          const mail = await findMail({ lists, seal }, job, to);
          const content = shown === 'recipient' ? mail?.recipient : (await opened(mail))?.[shown];
          if (content === undefined) throw notThere();
          response.type(shown === 'html' ? 'html' : 'text/plain').send(content);
        },
      ),
    ],
  });
  return [open('recipient'), open('html'), open('text')];
}

async function findMail({ lists, seal }: Pick<OutboxServices, 'lists' | 'seal'>, jobKey: string, to: string) {
  const recipient = await seal.open(to);
  return recipient === undefined ? undefined : lists.mail({ jobKey, recipient });
}

function notThere(): MillraceError {
  return new MillraceError(
    'NOT_FOUND',
    'There is no such mail, or it has been removed since. /admin/outbox lists them.',
  );
}

function partsOf(canOpen: boolean, may: boolean): readonly Part[] {
  if (!may) return [];
  return canOpen ? ['recipient', 'html', 'text'] : ['recipient'];
}

function recipientOf({ recipient }: MailRecord): string {
  return maskedAddress(recipient);
}

/** Providers quote whom they could not reach. */
function quoted(reason: string, { recipient }: MailRecord): string {
  return createTextMask([recipient])(reason);
}

const tones: Readonly<Record<string, Tone>> = {
  claimed: 'busy',
  sent: 'good',
  delivered: 'good',
  suppressed: 'warn',
  unsubscribed: 'warn',
  rejected: 'bad',
  bounced: 'bad',
  dropped: 'bad',
  complained: 'bad',
};

function statusOf({ status }: MailRecord): Markup {
  return badge(status, tones[status]);
}

function outcomeOf({ outcome }: MailRecord): Markup | string {
  return outcome === undefined ? '–' : badge(outcome, tones[outcome]);
}

function delivery(mail: MailRecord, view: Pick<View, 'now'>): Markup {
  const { status, reason, outcome, outcomeAt, outcomeReason, sentAt } = mail;
  return facts({
    To: text(recipientOf(mail)),
    Template: text(mail.template),
    Provider: mail.provider,
    Status: html`${badge(status, tones[status])}${reason === undefined ? undefined : html` ${text(quoted(reason, mail))}`}`,
    Outcome:
      outcome === undefined
        ? undefined
        : html`${badge(outcome, tones[outcome])} ${time(outcomeAt, view.now)} ${text(quoted(outcomeReason ?? '', mail))}`,
    Attempts: number(mail.attempts),
    Begun: time(mail.claimedAt, view.now),
    Sent: sentAt === undefined ? undefined : time(sentAt, view.now),
    'Id at the provider': mail.messageId === undefined ? undefined : html`<code>${mail.messageId}</code>`,
    'Key of the work': id(mail.jobKey),
  });
}

function told(
  mail: MailRecord & { readonly events: readonly ToldOfMail[] },
  view: Pick<View, 'now'>,
): Markup {
  return table({
    caption: 'What the provider has told of it',
    empty: 'The provider has told nothing of it since.',
    rows: mail.events,
    columns: [
      { head: 'What', names: true, cell: ({ type }) => badge(type, tones[type]) },
      { head: 'When', cell: ({ at }) => time(at, view.now) },
      { head: 'Why', cell: ({ reason }) => (reason === undefined ? '–' : text(quoted(reason, mail))) },
    ],
  });
}

/** Nobody looks for a mail that was not sent in the settings of the person or the list of addresses. */
function whyNot({ status, reason }: MailRecord): string {
  if (status !== 'suppressed') return '';
  return reason === 'unsubscribed'
    ? 'It was not sent: this person has unsubscribed from this kind of mail. '
    : 'It was not sent: no mail goes to this address any more. How that is lifted: docs/mails.md. ';
}

function whatItSays(canOpen: boolean, may: boolean): string {
  const whom = may
    ? 'Each look at what is under the other headings is in the audit log.'
    : 'What it says, and to whom it went, only admins may see.';
  return canOpen ? whom : `What it says is not kept here: the provider has it. ${whom}`;
}
