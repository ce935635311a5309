import pg from 'pg';
import type { ConversionNews } from '../port.ts';

/** The channel of `notify_conversions`. */
const channel = 'millrace_conversions';
/** First pause before a lost connection is opened again, in ms; it doubles up to the longest. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * Listens on a connection of its own, which is opened again whenever it is lost. News that came meanwhile are lost too,
 * so each new connection begins with `waiting`, and whoever listens looks now and then all the same.
 */
export function listenToConversions(
  url: string,
  onNews: (news: ConversionNews) => void,
): { close(): Promise<void> } {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;

  const open = async () => {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'millrace-conversions',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let lost = false;
    const lose = () => {
      if (lost) return;
      lost = true;
      next.end().catch(() => undefined);
      if (closed) return;
      timer = setTimeout(() => (opening = open()), pauseMs);
      timer.unref();
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    next.on('error', lose);
    next.on('end', lose);
    next.on('notification', ({ payload }) => {
      const jobKey = payload ?? '';
      onNews(jobKey === '' ? { kind: 'waiting' } : { kind: 'ended', jobKey });
    });
    client = next;
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
      pauseMs = firstPauseMs;
      if (!closed) onNews({ kind: 'waiting' });
    } catch {
      // Polling goes on, and so does trying.
      lose();
    }
  };
  let opening = open();

  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await opening;
      await client?.end().catch(() => undefined);
    },
  };
}
