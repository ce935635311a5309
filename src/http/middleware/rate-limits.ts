import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type Options, rateLimit } from 'express-rate-limit';
import { RateLimitedError } from '../../errors/catalogue.ts';
import { principalOf } from '../context.ts';

const minuteMs = 60_000;

/** Per token; generous, since producers add jobs in bursts. */
const requestsPerMinute = 6_000;
/** Per address: requests whose token or signature was refused. */
const refusalsPerMinute = 300;

/** Counts what each token asks for. */
export function limitByToken(): RequestHandler {
  return limiter({
    windowMs: minuteMs,
    limit: requestsPerMinute,
    keyGenerator: (request) => principalOf(request).subject,
  });
}

/**
 * Counts the requests of an address that proved nothing.
 * @param refusal the status of those: 401 without a valid token, 403 without a valid signature.
 */
export function limitRefusals(refusal: 401 | 403): RequestHandler {
  return limiter({
    windowMs: minuteMs,
    limit: refusalsPerMinute,
    keyGenerator: addressOf,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request: Request, response: Response) => response.statusCode !== refusal,
  });
}

/** An IPv6 host owns a whole network, so its network counts. */
function addressOf(request: Request): string {
  return request.ip === undefined ? 'unknown' : ipKeyGenerator(request.ip);
}

function limiter(options: Partial<Options> & { readonly windowMs: number }): RequestHandler {
  return rateLimit({
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    ...options,
    handler: (request, response, next) => {
      // The limiter has said when its window ends.
      const seconds = Number(response.getHeader('Retry-After') ?? Math.ceil(options.windowMs / 1_000));
      next(
        new RateLimitedError(
          'RATE_LIMITED',
          `Too many requests from ${request.ip ?? 'this address'}: come back in ${seconds} s.`,
          seconds * 1_000,
        ),
      );
    },
  });
}
