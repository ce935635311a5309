import { createBullBoard } from '@bull-board/api';
import { Queue } from 'bullmq';
import type { Express, RequestHandler } from 'express';
import { may } from '../access/roles.ts';
import { principalOf } from '../http/context.ts';
import { paths } from '../http/page-paths.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { maskAnswer, refuseUnknown } from './board-masking.ts';
import { PageAdapter } from './board-page.ts';
import { DeadLetterAdapter, inTheNameOf, QueueAdapter } from './board-queue.ts';

/**
 * Bull Board over all queues and their dead letters: with its buttons for those who may press them, and without for all
 * others. It has no sign-in of its own; what it may change says `auditBoard`.
 */
export function createBoard(queues: QueueManager, jobs: JobControl): RequestHandler {
  const full = openBoard(queues, jobs, false);
  const readOnly = openBoard(queues, jobs, true);
  return (request, response, next) => {
    const { subject, role } = principalOf(request);
    const board = may(role, 'jobs.change') ? full : readOnly;
    inTheNameOf(subject, () => board(request, response, next));
  };
}

function openBoard(queues: QueueManager, jobs: JobControl, readOnlyMode: boolean): Express {
  const adapter = new PageAdapter();
  adapter.setBasePath(paths.board);
  createBullBoard({
    queues: queues.names.map((name) => {
      const queue = queues.queue(name);
      if (!(queue instanceof Queue))
        throw new Error(`Queue ${name} is none of BullMQ's: the board cannot show it.`);
      // A letter removed here is gone for good: replaying and discarding have ways of their own.
      return name.endsWith('-dead-letter')
        ? new DeadLetterAdapter(queue, { readOnlyMode: true, description: 'Jobs that failed for good' })
        : new QueueAdapter(queue, { jobs, readOnlyMode });
    }),
    serverAdapter: adapter,
    options: {
      handlerHooks: { before: refuseUnknown, after: maskAnswer },
      uiConfig: {
        boardTitle: 'Millrace',
        hideDocsLink: true,
        sortQueues: false,
        // Its icon is that of Redis, whatever store is beneath.
        hideRedisDetails: true,
        miscLinks: [
          { text: 'Console', url: paths.home },
          { text: 'Sign out', url: paths.signOut },
        ],
      },
    },
  });
  const board: Express = adapter.getRouter();
  board.disable('x-powered-by');
  return board;
}
