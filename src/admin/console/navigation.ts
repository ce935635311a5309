import { paths } from '../../http/page-paths.ts';

/** The console's navigation, in its order. An entry is shown once there is a page for it. */
export const navigation = [
  { group: 'Work', entries: ['Overview', 'Queues', 'Search', 'Dead letters', 'Schedules'] },
  { group: 'Results', entries: ['Documents', 'Outbox', 'Sync', 'Conversions', 'Reports (CER)'] },
  { group: 'Platform', entries: ['Audit', 'Mails preview'] },
] as const;

export type NavigationEntry = (typeof navigation)[number]['entries'][number];

/** Entries that have pages with a look of their own. */
export const elsewhere: readonly { readonly nav: NavigationEntry; readonly href: string }[] = [
  { nav: 'Queues', href: paths.board },
  { nav: 'Mails preview', href: paths.mails },
];
