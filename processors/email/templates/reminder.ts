import type { ParsedPayload } from '../../../queues/index.ts';
import { closingTime, formatDay, formatDeadline } from './deadlines.ts';
import { type Html, html, webLink } from './html.ts';
import { button, colours, layout, paragraph, type RenderedMail } from './layout.ts';
import { displayable, shorten } from './text.ts';

type Opportunity = ParsedPayload<'email', 'send-reminder'>['data']['opportunities'][number];

export interface ReminderData {
  readonly opportunities: readonly Opportunity[];
  readonly appUrl: string;
}

/** A title in a subject; more is cut off by most programs anyway. */
const longestTitle = 90;

/** Lists what closes soon, soonest first. */
export function renderReminder({ opportunities, appUrl }: ReminderData): RenderedMail {
  const sorted = [...opportunities].sort(bySoonest);
  const first = sorted[0];
  if (first === undefined) throw new Error('A reminder lists at least one opportunity.');
  const intro =
    sorted.length === 1
      ? 'You saved this opportunity.'
      : 'You saved these opportunities. The soonest comes first.';
  return layout({
    subject: subjectOf(first, sorted.length),
    preheader: `${shorten(first.title, longestTitle)}: closes ${formatDeadline(first.deadline)}`,
    heading: sorted.length === 1 ? 'Closing soon' : `${sorted.length} opportunities closing soon`,
    body: html`${paragraph(intro)}
${sorted.map(item)}
<div style="padding:16px 0 0;border-top:1px solid ${colours.line}">${button('Open my opportunities', appUrl)}</div>`,
    text: [intro, ...sorted.map(textItem), `Open my opportunities: ${webLink(appUrl) ?? ''}`],
    why: 'You get this mail because you saved these opportunities and asked to be reminded. Times are in UTC.',
    appUrl,
  });
}

function subjectOf(first: Opportunity, count: number): string {
  const day = formatDay(first.deadline);
  if (count === 1) return `Closes ${day}: ${shorten(first.title, longestTitle)}`;
  return `${count} opportunities close soon, the first on ${day}`;
}

/** Equal deadlines keep an order of their own, so that a retry makes the same mail. */
function bySoonest(a: Opportunity, b: Opportunity): number {
  return (
    closingTime(a.deadline) - closingTime(b.deadline) ||
    compare(a.title, b.title) ||
    compare(a.noticeId, b.noticeId)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function item({ title, agency, deadline, url }: Opportunity): Html {
  const href = webLink(url);
  const name =
    href === undefined
      ? html`${title}`
      : html`<a href="${href}" style="color:${colours.link};text-decoration:underline">${title}</a>`;
  return html`<div style="padding:14px 0;border-top:1px solid ${colours.line}">
<div style="font-weight:600">${name}</div>
<div style="font-size:14px;color:${colours.quiet}">${agency}</div>
<div style="font-size:14px;color:${colours.warning}">Closes ${formatDeadline(deadline)}</div>
</div>
`;
}

function textItem({ title, agency, deadline, url }: Opportunity, at: number): string {
  const lines = [displayable(title), displayable(agency), `Closes ${formatDeadline(deadline)}`];
  const href = webLink(url);
  if (href !== undefined) lines.push(href);
  return `${at + 1}. ${lines.join('\n   ')}`;
}
