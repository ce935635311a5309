import { Router } from 'express';
import { consoleHeaders } from '../middleware/security-headers.ts';
import type { OpenApiDocument } from '../openapi/index.ts';
import { apiPage, pageAssets } from '../openapi/page/index.ts';

/** The document of the API, and its page; open to everybody, since they say what stands in the sources. */
export function apiDocumentRoutes(write: () => OpenApiDocument): Router {
  const router = Router();
  const text = once(() => JSON.stringify(write()));
  const page = once(() => apiPage(write()));

  router.get('/openapi.json', (_request, response) => {
    response.type('json').set('Cache-Control', 'no-cache').send(text());
  });
  // Its address bears what it holds, so it can be kept for ever.
  for (const [name, { type, content }] of Object.entries(pageAssets)) {
    router.get(`/docs/${name}`, (_request, response) => {
      response.type(type).set('Cache-Control', 'public, max-age=31536000, immutable').send(content);
    });
  }
  router.get('/docs', consoleHeaders({ frames: false }), (_request, response) => {
    response.type('html').set('Cache-Control', 'no-cache').send(page());
  });

  return router;
}

/** Made when first asked for. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
