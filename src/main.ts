import { loadConfig, plannedSettings, secretsOf } from '../config/index.ts';
import { createApp } from './app.ts';
import { banner } from './cli/banner.ts';
import { MillraceError } from './errors/catalogue.ts';
import { messageOf } from './errors/classify.ts';
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
  const app = await createApp(config, log, redact);

  let ending: Promise<void> | undefined;
  const end = (reason: string, code: number) => {
    // Whoever asks twice does not want to wait.
    if (ending !== undefined) process.exit(1);
    log.info({ reason }, 'stopping: running jobs may finish');
    ending = app.stop().then(
      () => finish(code),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop in order');
        finish(1);
      },
    );
  };
  const finish = (code: number) => {
    log.info('stopped');
    log.flush(() => process.exit(code));
  };
  process.on('SIGTERM', () => end('SIGTERM', 0));
  process.on('SIGINT', () => end('SIGINT', 0));
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => {
      log.fatal({ err: error }, kind);
      app.alerts?.report(error);
      if (ending === undefined) end(kind, 1);
    });
  }

  await app.start();
  process.stdout.write(await banner(config, app, performance.now() - began));
}

main().catch((error: unknown) => {
  // A fault of ours has a sentence for whoever must act; anything else needs its stack.
  const text =
    error instanceof MillraceError
      ? `${error.code}: ${error.message}`
      : error instanceof Error
        ? error.stack
        : messageOf(error);
  process.stderr.write(`${createRedactor(secretsOf())(String(text))}\n`);
  process.exit(1);
});
