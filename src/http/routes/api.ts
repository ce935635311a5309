import type { Access } from '../access.ts';
import { CerIntake } from '../cer-reports.ts';
import type { EventStreams } from '../event-stream.ts';
import type { FileLinks } from '../file-links.ts';
import { NamedThings } from '../named-things.ts';
import type { HttpOptions } from '../options.ts';
import { createPdfUploads } from '../pdf-uploads.ts';
import type { Route } from '../route.ts';
import { StoryIntake } from '../stories.ts';
import { auditRoutes } from './audit.ts';
import { cerRoutes } from './cer.ts';
import { conversionRoutes } from './conversions.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deadLetterBulkRoutes } from './dead-letters-many.ts';
import { documentRoutes } from './documents.ts';
import { jobControlRoutes } from './job-control.ts';
import { jobEventRoutes } from './job-events.ts';
import { jobSearchRoutes } from './job-search.ts';
import { jobRoutes } from './jobs.ts';
import { queueRoutes } from './queues.ts';
import { scheduleRoutes } from './schedules.ts';
import { storyRoutes } from './stories.ts';
import { storyScoringRoutes } from './story-scoring.ts';
import { tokenRoutes } from './tokens.ts';

export type ApiServices = Pick<
  HttpOptions,
  | 'queues'
  | 'jobs'
  | 'deadLetters'
  | 'schedules'
  | 'queueControl'
  | 'jobSearch'
  | 'database'
  | 'storage'
  | 'llm'
  | 'converter'
  | 'maxPdfBytes'
  | 'scoreStory'
  | 'signsWebhooks'
> & { readonly access: Access; readonly streams: EventStreams; readonly links: FileLinks };

/**
 * Every operation below `/api`, in the order in which they are tried. Making the list touches no service: the document
 * is made from it too.
 */
export function apiRoutes(services: ApiServices): Route[] {
  const { queues, jobs, queueControl, database, storage, llm, converter, access, streams, links } = services;
  const { conversions, documents, stories } = database;
  const intake = new StoryIntake({ queues, stories, scoreStory: services.scoreStory });
  const cerReports = new CerIntake({
    queues,
    reports: database.cerReports,
    signsWebhooks: services.signsWebhooks,
  });
  const limit = services.maxPdfBytes === undefined ? {} : { maxBytes: services.maxPdfBytes };
  return [
    ...jobRoutes({ queues, namedThings: new NamedThings(database), jobs }),
    ...jobControlRoutes({ queues, jobs, jobSearch: services.jobSearch }),
    ...jobEventRoutes(jobs, streams),
    ...jobSearchRoutes(services.jobSearch),
    ...queueRoutes(queueControl),
    ...deadLetterBulkRoutes(services.deadLetters),
    ...deadLetterRoutes(services.deadLetters),
    ...scheduleRoutes(services.schedules),
    ...storyScoringRoutes({ queues, stories, llm }),
    ...storyRoutes(intake),
    ...documentRoutes({ documents, storage, links }),
    ...cerRoutes({ intake: cerReports, documents, storage }),
    ...(storage === undefined
      ? []
      : conversionRoutes({
          conversions,
          storage,
          uploads: createPdfUploads({ conversions, storage, converter, ...limit }),
        })),
    ...tokenRoutes(access),
    ...auditRoutes(database.audit),
  ];
}
