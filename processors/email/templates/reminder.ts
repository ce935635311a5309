import { formatDay, formatDeadline } from './deadlines.ts';
import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { bySoonest, type ListedOpportunity, opportunityText, opportunityView } from './opportunities.ts';
import { shorten } from './text.ts';

export interface ReminderData {
  readonly opportunities: readonly ListedOpportunity[];
  readonly unsubscribe?: string;
  readonly appUrl: string;
}

/** A title in a subject; more is cut off by most programs anyway. */
const longestTitle = 90;

/** Lists what closes soon, soonest first. */
export function renderReminder({ opportunities, unsubscribe, appUrl }: ReminderData): RenderedMail {
  const sorted = [...opportunities].sort(bySoonest);
  const first = sorted[0];
  if (first === undefined) throw new Error('A reminder lists at least one opportunity.');
  const intro =
    sorted.length === 1
      ? 'You saved this opportunity.'
      : 'You saved these opportunities. The soonest comes first.';
  const appLink = webLink(appUrl);
  return layout('reminder', {
    subject: subjectOf(first, sorted.length),
    preheader: `${shorten(first.title, longestTitle)}: closes ${formatDeadline(first.deadline)}`,
    heading: sorted.length === 1 ? 'Closing soon' : `${sorted.length} opportunities closing soon`,
    view: { intro, items: sorted.map(opportunityView), appLink },
    text: [intro, ...sorted.map(opportunityText), `Open my opportunities: ${appLink ?? ''}`],
    why: 'You get this mail because you saved these opportunities and asked to be reminded. Times are in UTC.',
    unsubscribe,
    appUrl,
  });
}

function subjectOf(first: ListedOpportunity, count: number): string {
  const day = formatDay(first.deadline);
  if (count === 1) return `Closes ${day}: ${shorten(first.title, longestTitle)}`;
  return `${count} opportunities close soon, the first on ${day}`;
}
