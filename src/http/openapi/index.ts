import { version } from '../../package.ts';
import type { Operation, Route } from '../route.ts';
import { jobHeadings } from '../schemas/job-kinds.ts';
import { type OpenApiDocument, openApiDocument } from './document.ts';
import { outsideOperations } from './outside.ts';

export type { OpenApiDocument } from './document.ts';

/** The headings, in the order in which one reads them. */
const tags: Readonly<Record<string, string>> = {
  Jobs: 'Look at jobs and steer them; what each takes stands under its queue.',
  ...jobHeadings,
  Queues: 'How the queues do, and whether they go on.',
  'Dead letters': 'Jobs that died: found by their cause, replayed, discarded.',
  Schedules: 'Recurring work: what it did, what comes next, and whether it goes on.',
  Stories: 'Texts that are scored at once by their words, and later by a model.',
  Documents: 'Files that jobs have made.',
  'Clinical evaluation reports': 'Reports after MEDDEV 2.7/1 rev. 4, from what one knows of a device.',
  Conversions: 'PDFs that become XML.',
  Tokens: 'Who may use this API.',
  'Audit log': 'Who did what.',
  Mail: 'What mails and their providers lead to.',
  Health: 'For probes and scrapers.',
  'This document': 'The API, for programs and for people.',
};

/** The document of everything that is mounted, given the routes below `/api`. */
export function describeApi(routes: readonly Route[]): OpenApiDocument {
  const api: Operation[] = routes.map((each) => ({ ...each, path: `/api${each.path}` }));
  return openApiDocument([...api, ...outsideOperations], { version, tags });
}
