import { Router } from 'express';
import type { MetricsSource } from '../options.ts';

/** What Prometheus scrapes. */
export function metricsRoutes(metrics: MetricsSource): Router {
  const router = Router();
  router.get('/', async (_request, response) => {
    const text = await metrics.render();
    response.set('Content-Type', metrics.contentType).set('Cache-Control', 'no-store').send(text);
  });
  return router;
}
