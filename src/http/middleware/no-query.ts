import type { RequestHandler } from 'express';
import { z } from 'zod';
import { parse } from '../answer.ts';

const nothing = z.strictObject({});

/** Refuses query fields: a misspelt filter that is passed over in silence shows people the wrong things. */
export const noQuery: RequestHandler = (request, _response, next) => {
  parse(nothing, { ...request.query }, 'query');
  next();
};
