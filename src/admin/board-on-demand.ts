import type { RequestHandler } from 'express';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

/** The board, loaded when it is first asked for: with all that it brings along it takes as much memory as an export does. */
export function boardOnDemand(queues: QueueManager, jobs: JobControl): RequestHandler {
  let opening: Promise<RequestHandler> | undefined;
  return async (request, response, next) => {
    opening ??= import('./board.ts').then(({ createBoard }) => createBoard(queues, jobs));
    const board = await opening;
    board(request, response, next);
  };
}
