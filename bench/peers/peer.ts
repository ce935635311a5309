/** One of the two that are compared. Both get the same payloads, options, retention and concurrency. */
export interface Peer {
  /** Adds one job; resolves with its id when the store has it. */
  add(payload: Payload): Promise<string>;
  /** Adds many in one call. */
  addMany(payloads: readonly Payload[]): Promise<readonly string[]>;
  /** Opens workers that do nothing but tell `ran` each job's id. Resolves, when they take jobs, with what stops them. */
  openWorkers(ran: (jobId: string) => void): Promise<() => Promise<void>>;
  counts(): Promise<Counts>;
  /** Does what it has put off until there is time, so that it disturbs nobody's turn; says what it had to let go since it was opened. */
  settle(): Promise<Settled>;
  /** Throws when what the peer says it watches does not agree with the jobs that ran since it was opened. */
  verify(jobsRun: number): Promise<void>;
  close(): Promise<void>;
}

export interface Settled {
  readonly dropped: number;
  /** Seconds by the wall and of this process's processors that it took. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface Counts {
  readonly waiting: number;
  readonly active: number;
  readonly completed: number;
  readonly failed: number;
}

export interface PeerOptions {
  readonly store: 'redis' | 'postgres';
  readonly url: string;
  /** The database of the job index; absent: without one. */
  readonly index?: string | undefined;
}

/** The queue and the job that both use: real definitions, so that validation costs what it costs in production. */
export const queueName = 'email';
export const jobName = 'send-reminder';
export const concurrency = 50;
export const maxAttempts = 3;
export const backoffMs = 2_000;

export type Payload = ReturnType<typeof makePayload>;

/** About 200 bytes of JSON. */
export function makePayload(number: number) {
  return {
    type: 'opportunity-reminder' as const,
    data: {
      userId: `user-${number}`,
      email: 'ada@example.com',
      opportunities: [
        {
          noticeId: `n${number}`,
          title: 'Janitorial services',
          agency: 'GSA',
          deadline: '2030-01-31',
          url: 'https://sam.gov/opp/1/view',
        },
      ],
    },
  };
}

/** What the no-op processors give back: a result as the definition promises it. */
export const result = { status: 'sent', provider: 'none' } as const;
