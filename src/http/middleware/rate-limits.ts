import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type Options, rateLimit } from 'express-rate-limit';
import { RateLimitedError } from '../../errors/catalogue.ts';
import { principalOf } from '../context.ts';

const minuteMs = 60_000;
const quarterHourMs = 15 * minuteMs;

/** Per token; generous, since producers add jobs in bursts. */
const requestsPerMinute = 6_000;
/** Per address: requests whose token was refused. */
const refusalsPerMinute = 300;
const triesPerUser = 10;
const triesPerAddress = 50;

/** Counts what each token asks for. */
export function limitByToken(): RequestHandler {
  return limiter({
    windowMs: minuteMs,
    limit: requestsPerMinute,
    keyGenerator: (request) => principalOf(request).subject,
  });
}

/** Counts the requests of an address that bore no valid token. */
export function limitRefusals(): RequestHandler {
  return limiter({
    windowMs: minuteMs,
    limit: refusalsPerMinute,
    keyGenerator: addressOf,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request: Request, response: Response) => response.statusCode !== 401,
  });
}

/** Counts failed tries to sign in: by address and user, and by address alone, so that no list of users helps. */
export function limitTries(userOf: (request: Request) => string): RequestHandler[] {
  return [
    limiter({
      windowMs: quarterHourMs,
      limit: triesPerAddress,
      keyGenerator: addressOf,
      skipSuccessfulRequests: true,
    }),
    limiter({
      windowMs: quarterHourMs,
      limit: triesPerUser,
      keyGenerator: (request) => `${addressOf(request)} ${userOf(request).toLowerCase()}`,
      skipSuccessfulRequests: true,
    }),
  ];
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
