import { closingTime, formatDeadline } from './deadlines.ts';
import { webLink } from './html.ts';
import type { View } from './template.ts';
import { displayable } from './text.ts';

/** An opportunity as mails list it. */
export interface ListedOpportunity {
  readonly noticeId: string;
  readonly title: string;
  readonly agency: string;
  readonly deadline: string;
  readonly url: string;
}

/** Equal deadlines keep an order of their own, so that a retry makes the same mail. */
export function bySoonest(a: ListedOpportunity, b: ListedOpportunity): number {
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

export function opportunityView({ title, agency, deadline, url }: ListedOpportunity): View {
  return { title, agency, closes: formatDeadline(deadline), link: webLink(url) };
}

export function opportunityText({ title, agency, deadline, url }: ListedOpportunity, at: number): string {
  const lines = [displayable(title), displayable(agency), `Closes ${formatDeadline(deadline)}`];
  const href = webLink(url);
  if (href !== undefined) lines.push(href);
  return `${at + 1}. ${lines.join('\n   ')}`;
}
