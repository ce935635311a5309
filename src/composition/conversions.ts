import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { createConversionIntake } from '../intake/conversions/intake.ts';
import type { PdfConverter } from '../integrations/conversion-gateway/port.ts';
import type { Conversions } from '../integrations/database/port.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import { packageRoot } from '../package.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

/** The gateway when it is set, else the platform's own converter, with the operator's mappings before ours. */
export async function openConverter(config: Config, log: Logger): Promise<PdfConverter> {
  const { gatewayUrl, gatewayTimeoutMs } = config.conversions;
  if (gatewayUrl === undefined) {
    const { createBuiltInConverter } = await import(
      '../integrations/conversion-gateway/built-in/converter.ts'
    );
    return createBuiltInConverter({
      folders: [join(config.dataDir, 'mappings'), join(packageRoot, 'mappings')],
    });
  }
  const [{ createGateway }, { createBreaker }] = await Promise.all([
    import('../integrations/conversion-gateway/client.ts'),
    import('../integrations/conversion-gateway/breaker.ts'),
  ]);
  const breaker = createBreaker({
    onChange: (state) => {
      if (state === 'open') log.warn('the conversion gateway is down: conversions wait for it');
      else log.info('the conversion gateway is back');
    },
  });
  return createGateway({ url: gatewayUrl, timeoutMs: gatewayTimeoutMs, breaker });
}

interface IntakeParts {
  readonly conversions: Conversions;
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly events: Events;
}

/** Each worker process claims for itself: what its workers run, and as much again, so that none of them waits. */
export function openConversionIntake(config: Config, log: Logger, parts: IntakeParts): Service {
  const { workerId, pollMs, leaseSeconds } = config.conversions;
  return createConversionIntake({
    ...parts,
    log,
    worker: workerId,
    leaseSeconds,
    pollMs,
    capacity: Math.max(4, 2 * config.worker.concurrency.document),
  });
}
