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

class ApiError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The API as the command line uses it. */
export interface ApiClient {
  /** Sends JSON, or a form as it is; answers `data`. @throws Error with the API's own code and message. */
  call(
    method: Method,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
  addJob(queue: string, name: string, payload: unknown): Promise<string>;
  job(queue: string, id: string): Promise<JobStatus>;
  /** As `job`; `undefined` when there is none of that id. */
  find(queue: string, id: string): Promise<JobStatus | undefined>;
}

const added = z.object({ job: z.object({ id: z.string() }) });

export function createApiClient(baseUrl: string, token: string): ApiClient {
  async function call(
    method: Method,
    path: string,
    body?: unknown,
    further: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...further,
        authorization: `Bearer ${token}`,
        // A form's own type names its boundary.
        ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const parsed = answer.safeParse(await response.json());
    if (!parsed.success)
      throw new Error(`${method} ${path} answered ${response.status} and nothing that can be read.`);
    if (!parsed.data.success) throw new ApiError(parsed.data.error.code, parsed.data.error.message);
    return parsed.data.data;
  }
  const job = async (queue: string, id: string) =>
    jobStatus.parse(await call('GET', `/api/jobs/${queue}/${encodeURIComponent(id)}`)).job;
  return {
    call,
    async addJob(queue, name, payload) {
      return added.parse(await call('POST', `/api/jobs/${queue}/${name}`, { payload })).job.id;
    },
    job,
    async find(queue, id) {
      try {
        return await job(queue, id);
      } catch (error) {
        if (error instanceof ApiError && error.code === 'JOB_NOT_FOUND') return undefined;
        throw error;
      }
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
