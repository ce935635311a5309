import { Router } from 'express';
import type { OpenApiDocument } from '../openapi/index.ts';

/** The document of the API; open to everybody, since it says what stands in the sources. */
export function apiDocumentRoutes(write: () => OpenApiDocument): Router {
  const router = Router();
  let text: string | undefined;

  router.get('/openapi.json', (_request, response) => {
    text ??= JSON.stringify(write());
    response.type('json').set('Cache-Control', 'no-cache').send(text);
  });

  return router;
}
