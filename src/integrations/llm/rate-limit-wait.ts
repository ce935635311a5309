/** Reads a header by its name; `null` when it is not there. */
export type ReadHeader = (name: string) => string | null;

/** When a provider says nothing of how long: its limits are counted by the minute. */
const unknownWaitMs = 20_000;
/** A wait costs no attempt, so a wait of nothing would ask again without end. */
const shortestWaitMs = 250;
const longestWaitMs = 24 * 3_600_000;

/**
 * How long a 429 of OpenAI asks us to wait, in ms: `retry-after-ms`, then `retry-after` (seconds or an HTTP date,
 * RFC 9110 section 10.2.3), then `x-ratelimit-reset-*` of whichever limit is used up, or the longer of both.
 */
export function rateLimitWait(header: ReadHeader, now: Date): number {
  const told = retryAfterMs(header('retry-after-ms')) ?? retryAfter(header('retry-after'), now);
  const wait = told ?? resetOf(header) ?? unknownWaitMs;
  return Math.min(longestWaitMs, Math.max(shortestWaitMs, Math.ceil(wait)));
}

function retryAfterMs(value: string | null): number | undefined {
  return value === null ? undefined : decimal(value);
}

function retryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  const seconds = decimal(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = /^[A-Za-z]{3,9}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

function resetOf(header: ReadHeader): number | undefined {
  const limits = ['requests', 'tokens'].flatMap((kind) => {
    const reset = header(`x-ratelimit-reset-${kind}`);
    const wait = reset === null ? undefined : parseDuration(reset);
    return wait === undefined
      ? []
      : [{ wait, usedUp: header(`x-ratelimit-remaining-${kind}`)?.trim() === '0' }];
  });
  const usedUp = limits.filter((limit) => limit.usedUp);
  const relevant = usedUp.length > 0 ? usedUp : limits;
  return relevant.length === 0 ? undefined : Math.max(...relevant.map((limit) => limit.wait));
}

/** Plain decimals only: `Number` would take `0x10`, `1e9` and the empty string too. */
function decimal(value: string): number | undefined {
  const text = value.trim();
  return /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

const unitMs = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

/**
 * Reads a duration as OpenAI writes it (`1s`, `6m0s`, `1h2m3s`, `20ms`, `1.5s`), in ms; `undefined` for anything else,
 * also for units that repeat or rise.
 */
export function parseDuration(text: string): number | undefined {
  const value = text.trim();
  if (value.length === 0 || value.length > 64) return undefined;
  const part = /(\d{1,12}(?:\.\d{1,9})?)(ms|[dhms])/y;
  let total = 0;
  let lastUnit = Number.POSITIVE_INFINITY;
  while (part.lastIndex < value.length) {
    const match = part.exec(value);
    const unit = unitMs.get(match?.[2] ?? '');
    if (match === null || unit === undefined || unit >= lastUnit) return undefined;
    total += Number(match[1]) * unit;
    lastUnit = unit;
  }
  return total;
}
