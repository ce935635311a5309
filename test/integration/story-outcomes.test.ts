import { describe, expect, test } from 'vitest';
import { storyQuestion } from '../../processors/story-enhancement/question.ts';
import { mostTokens } from '../../src/integrations/llm/metered.ts';
import { clearOfMidnight } from '../support/day.ts';
import { type Reply, usualAssessment } from '../support/fake-openai.ts';
import { type Mill, openMill } from '../support/mill.ts';
import { until } from '../support/platform.ts';
import { at, textAt } from '../support/site.ts';
import { postgresStore } from '../support/stores.ts';

const queue = 'story-enhancement';

interface Ending {
  readonly state: string;
  readonly attemptsMade: number;
  readonly code: string | undefined;
  readonly message: string;
}

/** What the API, and the dead letters, say of a job. */
async function endingOf(mill: Mill, jobId: string): Promise<Ending> {
  const job = await mill.queues.queue(queue).getJob(jobId);
  const reason = job?.failedReason ?? '';
  return {
    state: (await job?.getState()) ?? 'gone',
    attemptsMade: job?.attemptsMade ?? 0,
    code: /^\[(\w+)\]/.exec(reason)?.[1],
    message: reason,
  };
}

const busy = { http: 429, headers: { 'retry-after-ms': '400' } } as const;
const quota = {
  http: 429,
  error: { message: 'You exceeded your quota', code: 'insufficient_quota' },
} as const;

/** What OpenAI does, in turn, for one story; the last again and again. What then becomes of its job. */
const cases: readonly (readonly [string, readonly Reply[], Partial<Ending>, string])[] = [
  ['limits', [busy, busy, busy, busy, { answer: 'usual' }], { state: 'completed', attemptsMade: 1 }, ''],
  [
    'outage',
    [{ http: 500 }, { http: 503 }, { answer: 'usual' }],
    { state: 'completed', attemptsMade: 3 },
    '',
  ],
  ['down', [{ http: 500 }], { state: 'failed', attemptsMade: 3, code: 'AI_UNAVAILABLE' }, 'away or broken'],
  ['broken-off', ['reset-body'], { state: 'failed', attemptsMade: 3, code: 'AI_UNAVAILABLE' }, 'broke off'],
  ['key', [{ http: 401 }], { state: 'failed', attemptsMade: 1, code: 'AI_UNAUTHORIZED' }, 'OPENAI_API_KEY'],
  ['quota', [quota], { state: 'failed', attemptsMade: 1, code: 'AI_UNAUTHORIZED' }, 'no quota left'],
  [
    'refusal',
    [{ refusal: 'I would rather not.' }],
    { state: 'failed', attemptsMade: 3, code: 'AI_INVALID_OUTPUT' },
    'I would rather not.',
  ],
  [
    'cut',
    [{ incomplete: 'max_output_tokens', text: '{"hypeScore": 3' }],
    { state: 'failed', attemptsMade: 3, code: 'AI_INVALID_OUTPUT' },
    'cut short (max_output_tokens). It said: {"hypeScore": 3',
  ],
  [
    'chatter',
    [{ text: 'Sure! Here' }],
    { state: 'failed', attemptsMade: 3, code: 'AI_INVALID_OUTPUT' },
    'is no JSON. It said: Sure! Here',
  ],
  [
    'misfit',
    [{ answer: { hypeScore: 11 } }, { answer: 'usual' }],
    { state: 'completed', attemptsMade: 2 },
    '',
  ],
];

describe('what comes of a story', () => {
  test('is clear whatever OpenAI does, and leaves its local scores where no model has scored it', async () => {
    const mill = await openMill(postgresStore);
    const asked = new Map<string, number>();
    mill.fake.answerBy((body) => {
      const name = cases.map(([known]) => known).find((known) => body.includes(`Title: ${known}`));
      if (name === undefined) return undefined;
      const times = asked.get(name) ?? 0;
      asked.set(name, times + 1);
      const replies = cases.find(([known]) => known === name)?.[1] ?? [];
      const reply = replies[Math.min(times, replies.length - 1)];
      const usual = typeof reply === 'object' && 'answer' in reply && reply.answer === 'usual';
      return usual ? undefined : reply;
    });
    await mill.start({ QUEUE_STORY_ENHANCEMENT_CONCURRENCY: '10' });
    const ids = new Map<string, string>();
    const local = new Map<string, unknown>();
    for (const [name] of cases) {
      const text = { title: name, content: 'A maker says that its model is 100x faster!' };
      const { json } = await mill.ask('POST', '/api/stories', text);
      ids.set(name, textAt(json, 'data.story.id'));
      local.set(name, at(json, 'data.story.hypeScore'));
    }
    await until(
      'all jobs have ended',
      async () => {
        const { completed, failed } = await mill.queues.counts(queue);
        return completed + failed === cases.length;
      },
      60_000,
    );

    for (const [name, , expected, said] of cases) {
      const id = ids.get(name) ?? '';
      const ending = await endingOf(mill, `story-enhancement-${id}`);
      expect(ending, name).toMatchObject(expected);
      expect(ending.message, name).toContain(said);
      const job = at(
        (await mill.ask('GET', `/api/stories/scoring/job/story-enhancement-${id}`)).json,
        'data.job',
      );
      expect(job, name).toMatchObject({ storyId: id, status: expected.state });
      const story = at((await mill.ask('GET', `/api/stories/${id}`)).json, 'data.story');
      const done = expected.state === 'completed';
      expect(story, name).toMatchObject({ enhanced: done, model: done ? mill.fake.model : null });
      expect(at(story, 'hypeScore'), name).toBe(done ? usualAssessment.hypeScore : local.get(name));
    }
    expect(asked.get('limits')).toBe(5);
    expect(asked.get('key')).toBe(1);
    const failed = cases.filter(([, , { state }]) => state === 'failed').length;
    expect((await mill.queues.counts(`${queue}-dead-letter`)).waiting).toBe(failed);
  }, 90_000);

  test('is a wait for the next day when the budget is used up: no attempt is lost, and the API says so', async () => {
    const mill = await openMill(postgresStore);
    await clearOfMidnight(mill.database.modelBudget);
    // Room for the first call and the second, and not for the third.
    const text = { title: 'three', content: 'Some text.', sectorTag: undefined };
    const limit = mostTokens(storyQuestion(text)) + 900;
    await mill.start({ OPENAI_DAILY_TOKEN_LIMIT: `${limit}` });
    const add = async (title: string) => {
      const { json } = await mill.ask('POST', '/api/stories', { title, content: 'Some text.' });
      return textAt(json, 'data.story.id');
    };
    const stats = async () => at((await mill.ask('GET', '/api/stories/scoring/stats')).json, 'data.stats');
    for (const title of ['one', 'two']) {
      const id = await add(title);
      await until('it is scored', async () => {
        const job = await mill.ask('GET', `/api/stories/scoring/job/story-enhancement-${id}`);
        return at(job.json, 'data.job.status') === 'completed';
      });
    }
    const waiting = await add('three');
    const jobId = `story-enhancement-${waiting}`;
    await until('it waits', async () => {
      const job = await mill.ask('GET', `/api/stories/scoring/job/${jobId}`);
      return at(job.json, 'data.job.status') === 'delayed';
    });
    const job = await mill.queues.queue(queue).getJob(jobId);
    expect(job?.attemptsMade).toBe(0);
    const midnight = new Date().setUTCHours(24, 0, 0, 0);
    expect(Math.abs((job?.timestamp ?? 0) + (job?.delay ?? 0) - midnight)).toBeLessThan(60_000);
    expect(await stats()).toMatchObject({
      pendingJobs: 1,
      openAIBudget: { limit, used: 940, reserved: 0, usedUp: true, resetsAt: new Date(midnight).toJSON() },
    });
    const tested = await mill.ask('GET', '/api/stories/scoring/openai/test');
    expect(at(tested.json, 'data.openAI')).toMatchObject({ ok: true, budget: { usedUp: true } });
    expect(at(tested.json, 'data.openAI.message')).toContain(`used up (940 of ${limit} tokens)`);
    expect(mill.fake.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);

    // A greater limit, and the same job goes on.
    await mill.process?.kill('SIGTERM');
    await mill.start({ OPENAI_DAILY_TOKEN_LIMIT: '1000000' });
    await (await mill.queues.queue(queue).getJob(jobId))?.promote();
    await until('it is scored', async () => (await mill.queues.counts(queue)).completed === 3);
    expect(await stats()).toMatchObject({ pendingJobs: 0, openAIBudget: { used: 1_410, usedUp: false } });
  }, 240_000);
});
