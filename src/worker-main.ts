import { loadConfig, secretsOf } from '../config/index.ts';
import { createApp } from './app.ts';
import { MillraceError } from './errors/catalogue.ts';
import { classify } from './errors/classify.ts';
import { fatalText } from './errors/fatal.ts';
import { createEnding } from './lifecycle/ending.ts';
import { linkToSupervisor, type SupervisorLink } from './lifecycle/supervised.ts';
import { createLogger } from './observability/logger.ts';
import { createRedactor } from './observability/redaction.ts';

/** How long a process without a supervisor may take to hand back its jobs, in ms. */
const orphanMs = 15_000;

/** One of several worker processes: started, told to drain and counted by the process of `main.ts`. */
async function main(link: SupervisorLink): Promise<void> {
  const { worker, embeddedUrl } = link.begin;
  const given = loadConfig();
  const conversions = { ...given.conversions, workerId: `${given.conversions.workerId}-${worker}` };
  const config = { ...given, conversions, roles: ['worker'] as const };
  process.title = `${config.serviceName} worker ${worker}`;
  const redact = createRedactor(secretsOf());
  const log = createLogger({
    level: config.logLevel,
    serviceName: config.serviceName,
    readable: !config.production,
    redact,
  }).child({ worker });
  const app = await createApp(config, log, redact, { parent: { embeddedUrl } });

  const ending = createEnding({
    log,
    async stop() {
      await app.stop();
      await link.close();
    },
  });
  // A terminal and some service managers send their signals to the children as well. The parent decides when it is enough.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ending.exit(signal, 0));
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => {
      log.fatal({ err: error }, kind);
      app.alerts?.report(error);
      ending.exit(kind, 1);
    });
  }
  link.serve({
    get healthy() {
      return app.workers?.healthy === true;
    },
    get jobs() {
      return [...(app.workers?.active().values() ?? [])].reduce((sum, jobs) => sum + jobs, 0);
    },
    snapshot: () => app.metrics.snapshot(),
    drain: () => ending.exit('drain', 0),
    orphaned() {
      log.warn('the parent process is gone: jobs go back to their queues');
      setTimeout(() => process.exit(1), orphanMs).unref();
      void app.workers?.handBack();
      ending.exit('orphaned', 1);
    },
  });
  await app.start();
  if (!ending.exiting) link.up();
}

const link = await linkToSupervisor();
if (link === undefined) {
  // One whose parent has died meanwhile has nobody to tell.
  if (process.send === undefined)
    process.stderr.write('Started by Millrace itself: set WORKER_PROCESSES and run `npm run worker`.\n');
  process.exit(1);
}
main(link).catch(async (error: unknown) => {
  const redact = createRedactor(secretsOf());
  // The parent says faults of ours, with what it will do about them.
  if (!(error instanceof MillraceError)) process.stderr.write(`${redact(fatalText(error))}\n`);
  const { code, message } = classify(error);
  await link.failed(code, redact(message));
  process.exit(1);
});
