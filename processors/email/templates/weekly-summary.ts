import type { ParsedPayload } from '../../../queues/index.ts';
import { closingTime, formatDay, formatDeadline } from './deadlines.ts';
import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { opportunityText, opportunityView } from './opportunities.ts';
import { displayable } from './text.ts';

type Summary = Omit<ParsedPayload<'email', 'send-weekly-summary'>['data'], 'userId' | 'email'>;

export interface SummaryData extends Summary {
  readonly unsubscribe?: string;
  readonly appUrl: string;
}

/** A user's week: the figures, the deadlines soonest first, and what is new. */
export function renderSummary(data: SummaryData): RenderedMail {
  const { weekStart, totals, topOpportunities, appUrl } = data;
  const deadlines = [...data.deadlines].sort((a, b) => closingTime(a.deadline) - closingTime(b.deadline));
  const awarded = totals.awarded === undefined ? undefined : formatMoney(totals.awarded);
  const appLink = webLink(appUrl);
  const figures = [
    `${totals.newOpportunities} new opportunities`,
    `${totals.closingSoon} closing soon`,
    `${totals.proposalsSubmitted} proposals submitted`,
  ];
  return layout('weekly-summary', {
    subject: `Your week from ${formatDay(weekStart)}: ${figures[0]}`,
    preheader: figures.join(', '),
    heading: `The week from ${formatDay(weekStart)}`,
    view: {
      newOpportunities: String(totals.newOpportunities),
      closingSoon: String(totals.closingSoon),
      proposalsSubmitted: String(totals.proposalsSubmitted),
      awarded,
      hasDeadlines: deadlines.length > 0,
      deadlines: deadlines.map(({ title, deadline }) => ({ title, closes: formatDeadline(deadline) })),
      hasTop: topOpportunities.length > 0,
      top: topOpportunities.map(opportunityView),
      appLink,
    },
    text: [
      figures.join('\n'),
      ...(awarded === undefined ? [] : [`Awarded to you: ${awarded}`]),
      ...(deadlines.length === 0
        ? []
        : [
            'Your deadlines',
            deadlines
              .map(({ title, deadline }) => `- ${displayable(title)}, closes ${formatDeadline(deadline)}`)
              .join('\n'),
          ]),
      ...(topOpportunities.length === 0 ? [] : ['New this week', ...topOpportunities.map(opportunityText)]),
      `Open the app: ${appLink ?? ''}`,
    ],
    why: 'You get this mail because you asked for weekly summaries. Times are in UTC.',
    unsubscribe: data.unsubscribe,
    appUrl,
  });
}

/** `1200.50` USD as `USD 1,200.50`; the digits are never turned into a floating-point number. */
function formatMoney({ amount, currency }: { amount: string; currency: string }): string {
  const [whole = '', fraction] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${currency} ${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}
