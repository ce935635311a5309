import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { findBrowser } from '../integrations/chromium/find.ts';
import type { BrowserPool } from '../integrations/chromium/pool.ts';
import type { Logger } from '../observability/logger.ts';

/** The browsers that print, where this process works and one is found; none is started before the first page. */
export async function openBrowsers(
  config: Config,
  log: Logger,
  closers: (() => Promise<unknown>)[],
): Promise<{ readonly pool: BrowserPool; readonly description: string } | undefined> {
  if (!config.roles.includes('worker')) return undefined;
  const found = await findBrowser(config.chromiumPath, join(config.dataDir, 'chromium'));
  if (found === undefined) return undefined;
  const { BrowserPool } = await import('../integrations/chromium/pool.ts');
  const pool = new BrowserPool({
    executable: () => found.executable(),
    onEnded: (reason, pid) => {
      if (reason === 'failed') log.warn({ pid }, 'a browser failed and was ended');
      else log.debug({ pid, reason }, 'a browser was ended');
    },
  });
  closers.push(() => pool.close());
  return { pool, description: found.description };
}
