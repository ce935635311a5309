import { Router } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';
import { sendData } from '../answer.ts';
import type { Examine } from '../examination.ts';

export interface HealthRoutesOptions {
  readonly examine: Examine;
  readonly ready: () => boolean;
}

/** `/health`, for people; `/health/live` and `/health/ready`, for probes. */
export function healthRoutes({ examine, ready }: HealthRoutesOptions): Router {
  const router = Router();

  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });

  router.get('/', async (_request, response) => {
    const data = await examine();
    if (data.status === 'up') return sendData(response, data);
    const down = Object.keys(data.components).filter((name) => data.components[name]?.state === 'down');
    const error = { code: 'NOT_READY', message: `Not well: ${down.join(', ')}.` };
    response.status(503).set('Retry-After', '5').json({ success: false, error, data });
  });

  router.get('/live', (_request, response) => sendData(response, { status: 'up' }));

  router.get('/ready', (_request, response) => {
    if (!ready())
      throw new MillraceError(
        'NOT_READY',
        'This process is starting or stopping. Ask again, or ask another.',
      );
    sendData(response, { status: 'ready' });
  });

  return router;
}
