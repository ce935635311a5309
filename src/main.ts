import { loadConfig, plannedSettings, secretsOf } from '../config/index.ts';
import { type App, createApp } from './app.ts';
import { banner } from './cli/banner.ts';
import { fatalText } from './errors/fatal.ts';
import { createEnding } from './lifecycle/ending.ts';
import { watchMemory } from './lifecycle/memory-watch.ts';
import { createLogger } from './observability/logger.ts';
import { createRedactor } from './observability/redaction.ts';

/** The process: configuration, app, signals, exit code. */
async function main(): Promise<void> {
  const began = performance.now();
  const config = loadConfig();
  const redact = createRedactor(secretsOf());
  const log = createLogger({
    level: config.logLevel,
    serviceName: config.serviceName,
    readable: !config.production,
    redact,
  });
  const planned = plannedSettings();
  if (planned.length > 0) log.warn({ variables: planned }, 'set, but not used by this version yet');
  const asked = new AbortController();
  let app: App | undefined;
  const ending = createEnding({ log, stop: async () => app?.stop() });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!ending.exiting && !asked.signal.aborted) {
        asked.abort();
        // What is still being put together closes what it has opened.
        if (app !== undefined) ending.exit(signal, 0);
        return;
      }
      // Whoever asks twice does not want to wait.
      app?.supervisor?.kill();
      process.exit(1);
    });
  }
  try {
    app = await createApp(config, log, redact, { signal: asked.signal });
  } catch (error) {
    if (!asked.signal.aborted) throw error;
  }
  if (app === undefined || asked.signal.aborted) return ending.exit('before it was up', 0);
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => {
      log.fatal({ err: error }, kind);
      app?.alerts?.report(error);
      ending.exit(kind, 1);
    });
  }

  await app.start();
  const limit = config.maxMemoryBytes;
  if (app.workers !== undefined) {
    watchMemory(limit, (memoryBytes) => {
      log.warn({ memoryBytes, limit }, 'MAX_MEMORY_RESTART is passed: takes no more jobs and starts anew');
      ending.again('memory');
    });
  }
  process.stdout.write(await banner(config, app, performance.now() - began));
}

main().catch((error: unknown) => {
  process.stderr.write(`${createRedactor(secretsOf())(fatalText(error))}\n`);
  process.exit(1);
});
