import type { Service } from './service.ts';

export interface ServiceGroupOptions {
  /** In the order of their start; they stop in the opposite order. */
  readonly services: readonly Service[];
  onError(service: string, error: unknown): void;
}

/**
 * Starts services one after another and stops them in reverse. A start that fails stops those before it; a stop that
 * fails is reported, and the others still stop.
 */
export function createServiceGroup({ services, onError }: ServiceGroupOptions): Service {
  const started: Service[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  async function startAll(): Promise<void> {
    try {
      for (const service of services) {
        // A stop ends the start that is under way, and those after it are not begun.
        if (stopping !== undefined) return;
        started.push(service);
        await service.start();
      }
    } catch (error) {
      await stopAll();
      throw error;
    }
  }

  async function stopAll(): Promise<void> {
    for (const service of started.splice(0).reverse()) {
      try {
        await service.stop();
      } catch (error) {
        onError(service.name, error);
      }
    }
  }

  return {
    name: 'services',
    start() {
      starting ??= startAll();
      return starting;
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
