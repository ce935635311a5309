import type { Request } from 'express';
import { z } from 'zod';
import { addOptions } from '../../queue/options.ts';
import { parse } from '../answer.ts';

const headers = z.object({ 'Idempotency-Key': addOptions.shape.idempotencyKey });

/** The `Idempotency-Key` header. @throws MillraceError INVALID_REQUEST when it is no key. */
export function idempotencyKeyOf(request: Request): string | undefined {
  return parse(headers, { 'Idempotency-Key': request.get('Idempotency-Key') }, 'header')['Idempotency-Key'];
}
