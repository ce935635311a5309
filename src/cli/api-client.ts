import { z } from 'zod';

const answer = z.discriminatedUnion('success', [
  z.object({ success: z.literal(true), data: z.unknown() }),
  z.object({ success: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);

const jobStatus = z.object({
  job: z.object({
    id: z.string(),
    state: z.string(),
    progress: z.object({ percent: z.number(), message: z.string().optional() }),
    result: z.unknown().optional(),
    failure: z.string().optional(),
  }),
});

export type JobStatus = z.infer<typeof jobStatus>['job'];

/** The API as the command line uses it. */
export interface ApiClient {
  /** Answers `data`. @throws Error with the API's own code and message. */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  addJob(queue: string, name: string, payload: unknown): Promise<string>;
  job(queue: string, id: string): Promise<JobStatus>;
}

const added = z.object({ job: z.object({ id: z.string() }) });

export function createApiClient(baseUrl: string, token: string): ApiClient {
  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const parsed = answer.safeParse(await response.json());
    if (!parsed.success)
      throw new Error(`${method} ${path} answered ${response.status} and nothing that can be read.`);
    if (!parsed.data.success) throw new Error(`${parsed.data.error.code}: ${parsed.data.error.message}`);
    return parsed.data.data;
  }
  return {
    call,
    async addJob(queue, name, payload) {
      return added.parse(await call('POST', `/api/jobs/${queue}/${name}`, { payload })).job.id;
    },
    async job(queue, id) {
      return jobStatus.parse(await call('GET', `/api/jobs/${queue}/${encodeURIComponent(id)}`)).job;
    },
  };
}

/** Whether a Millrace answers at that address and is ready for work. */
export async function isReady(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    return response.ok;
  } catch {
    return false;
  }
}
