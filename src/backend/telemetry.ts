import type { Telemetry } from 'bullmq';

export type { Telemetry };

/** Carries the trace of whoever adds a job to the worker that runs it. Loaded only where traces are sent. */
export async function openTelemetry(): Promise<Telemetry> {
  const { BullMQOtel } = await import('bullmq-otel');
  return new BullMQOtel({ tracerName: 'millrace' });
}
