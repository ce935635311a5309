const minuteMs = 60_000;
const longestWaitMs = 60 * minuteMs;

/** Seconds or a date (RFC 9110, section 10.2.3), and a minute when neither is given; at most an hour, in ms. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  const asked = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(asked) ? Math.min(longestWaitMs, Math.max(1_000, asked)) : minuteMs;
}
