import { z } from 'zod';

/** What a supervisor and its worker processes say to each other over IPC. */

export const toWorker = z.discriminatedUnion('kind', [
  /** The first message: who the process is, and where the parent's embedded PostgreSQL is, if it runs one. */
  z.object({ kind: z.literal('begin'), worker: z.int().min(1), embeddedUrl: z.string().optional() }),
  /** Take nothing more, let what runs finish, end. */
  z.object({ kind: z.literal('drain') }),
  z.object({ kind: z.literal('report'), id: z.int() }),
]);

export const toSupervisor = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  /** Sent now and then; silence means that the process is stuck. */
  z.object({
    kind: z.literal('beat'),
    memoryBytes: z.number(),
    /** Whether each queue has a worker that takes jobs. */
    healthy: z.boolean(),
    jobs: z.int(),
  }),
  /** The process's metrics as prom-client gives them; with the id of the request that asked for them. */
  z.object({
    kind: z.literal('metrics'),
    id: z.int().optional(),
    metrics: z.array(z.looseObject({ name: z.string() })),
  }),
  /** Why it cannot start; its end follows. */
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
]);

export type ToWorker = z.output<typeof toWorker>;
export type ToSupervisor = z.output<typeof toSupervisor>;

/** How often a worker process says that it lives, in ms. */
export const beatMs = 2_000;
