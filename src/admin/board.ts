import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue } from 'bullmq';
import type { Express } from 'express';
import { paths } from '../http/page-paths.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

/** Dead letters have no workers, which the board would warn of. */
class DeadLetterAdapter extends BullMQAdapter {
  override async getWorkers(): Promise<null> {
    return null;
  }
}

/** Bull Board over all queues and their dead letters. It has no sign-in of its own; what it may change says `auditBoard`. */
export function createBoard(queues: QueueManager): Express {
  const adapter = new ExpressAdapter();
  adapter.setBasePath(paths.board);
  createBullBoard({
    queues: queues.names.map((name) => {
      const queue = queues.queue(name);
      if (!(queue instanceof Queue))
        throw new Error(`Queue ${name} is none of BullMQ's: the board cannot show it.`);
      // A letter removed here is gone for good: replaying and discarding have ways of their own.
      return name.endsWith('-dead-letter')
        ? new DeadLetterAdapter(queue, { readOnlyMode: true, description: 'Jobs that failed for good' })
        : new BullMQAdapter(queue);
    }),
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: 'Millrace',
        hideDocsLink: true,
        sortQueues: false,
        // Its icon is that of Redis, whatever store is beneath.
        hideRedisDetails: true,
        miscLinks: [{ text: 'Sign out', url: paths.signOut }],
      },
    },
  });
  const board: Express = adapter.getRouter();
  board.disable('x-powered-by');
  return board;
}
