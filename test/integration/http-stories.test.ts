import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { TokenBudget } from '../../src/integrations/llm/port.ts';
import { until } from '../support/platform.ts';
import { at, openSite, type Site, takeQueuesAway, textAt } from '../support/site.ts';

const text = {
  title: 'New AI model raises privacy concerns',
  content: 'A revolutionary model was released. Researchers say that patients were harmed by its bias.',
  sectorTag: 'AI Ethics',
  impactTags: ['privacy'],
};
const queue = 'story-enhancement';

let site: Site;
let token: string;
beforeAll(async () => {
  site = await openSite();
  token = await site.token('producer');
});
afterAll(() => site.close());

const submit = (body: unknown = text, headers: Record<string, string> = {}) =>
  site.ask('POST', '/api/stories', { token, body, headers });
const edit = (id: string, body: unknown) => site.ask('PATCH', `/api/stories/${id}`, { token, body });
const jobOf = (jobId: string) => site.ask('GET', `/api/stories/scoring/job/${jobId}`, { token });
const jobCount = async () => {
  const counts = await site.platform.queues.counts(queue);
  return counts.waiting + counts.active + counts.delayed + counts.completed + counts.failed;
};
const storyCount = async () =>
  Number((await site.world.pool.query('select count(*) from stories')).rows[0]?.count);

describe('a new story', () => {
  it('is answered with its scores and the id of its job, which waits in the queue', async () => {
    const answer = await submit();
    expect(answer.status).toBe(201);
    const id = textAt(answer.json, 'data.story.id');
    const story = at(answer.json, 'data.story');
    expect(story).toMatchObject({
      ...text,
      id,
      revision: 1,
      jobId: `story-enhancement-${id}`,
      enhanced: false,
    });
    for (const score of ['hypeScore', 'ethicsScore']) {
      expect(at(story, score)).toBeGreaterThan(0);
      expect(at(story, score)).toBeLessThanOrEqual(10);
    }
    const job = await site.platform.queues.job(queue, `story-enhancement-${id}`);
    expect(job).toMatchObject({
      name: 'enhance-story',
      payload: { type: 'story-enhancement', data: { storyId: id } },
      correlationId: answer.headers.get('X-Correlation-Id'),
    });
    expect((await site.ask('GET', `/api/stories/${id}`, { token })).json).toEqual(answer.json);
  });

  it.each([
    ['no title', { ...text, title: ' ' }],
    ['a title of two lines', { ...text, title: 'a\nb' }],
    ['no content', { title: 'a' }],
    ['scores of its own', { ...text, hypeScore: 3 }],
    ['too many tags', { ...text, impactTags: Array.from({ length: 21 }, (_, index) => `t${index}`) }],
  ])('is refused with %s', async (_what, body) => {
    const answer = await submit(body);
    expect(answer.status).toBe(400);
    expect(at(answer.json, 'error.code')).toBe('INVALID_REQUEST');
    expect(at(answer.json, 'error.details')).toHaveLength(1);
  });

  it('is one story for one Idempotency-Key, also when it comes ten times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => submit(text, { 'Idempotency-Key': 's-1' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(answers.map((answer) => textAt(answer.json, 'data.story.id'))).size).toBe(1);
    const other = await submit({ ...text, title: 'Another' }, { 'Idempotency-Key': 's-1' });
    expect([other.status, at(other.json, 'error.code')]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
  });

  it('leaves nothing behind when the queue is away', async () => {
    const before = await storyCount();
    const bringBack = await takeQueuesAway(site);
    try {
      const answer = await submit();
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([503, 'QUEUE_UNAVAILABLE']);
      expect(await storyCount()).toBe(before);
    } finally {
      await bringBack();
    }
  });

  it('is completed by the same request sent again when the queue is back', async () => {
    const bringBack = await takeQueuesAway(site);
    try {
      expect((await submit(text, { 'Idempotency-Key': 's-2' })).status).toBe(503);
    } finally {
      await bringBack();
    }
    const answer = await submit(text, { 'Idempotency-Key': 's-2' });
    expect(answer.status).toBe(200);
    const jobId = textAt(answer.json, 'data.story.jobId');
    expect((await site.platform.queues.job(queue, jobId))?.state).toBe('waiting');
  });

  it('that there is not is 404', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', 'x']) {
      const answer = await site.ask('GET', `/api/stories/${id}`, { token });
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([404, 'STORY_NOT_FOUND']);
    }
    expect((await edit('x', { title: 'a' })).status).toBe(404);
    expect((await site.ask('GET', '/api/stories/a%00b', { token })).status).toBe(400);
  });
});

describe('an edit', () => {
  let id: string;
  beforeEach(async () => {
    id = textAt((await submit()).json, 'data.story.id');
  });

  it('scores the new text, and adds no second job while one waits', async () => {
    const jobs = await jobCount();
    const answer = await edit(id, { title: 'A sober report', content: 'A committee met on Tuesday.' });
    expect(answer.status).toBe(200);
    expect(at(answer.json, 'data.story')).toMatchObject({
      title: 'A sober report',
      revision: 2,
      hypeScore: 0,
      sectorTag: 'AI Ethics',
      jobId: `story-enhancement-${id}`,
    });
    expect(await jobCount()).toBe(jobs);
  });

  it('changes nothing when nothing is new, takes a sector away, and must say something', async () => {
    expect(at((await edit(id, { title: text.title })).json, 'data.story.revision')).toBe(1);
    expect(at((await edit(id, { sectorTag: null })).json, 'data.story')).toMatchObject({
      sectorTag: null,
      revision: 2,
    });
    expect((await edit(id, {})).status).toBe(400);
    expect((await edit(id, { hypeScore: 1 })).status).toBe(400);
  });

  it('that the queue did not take is completed by the same request', async () => {
    await site.platform.queues
      .queue(queue)
      .getJob(`story-enhancement-${id}`)
      .then((job) => job?.remove());
    const bringBack = await takeQueuesAway(site);
    try {
      const answer = await edit(id, { title: 'Changed' });
      expect(answer.status).toBe(503);
      expect(textAt(answer.json, 'error.message')).toContain('again');
    } finally {
      await bringBack();
    }
    const answer = await edit(id, { title: 'Changed' });
    expect(at(answer.json, 'data.story')).toMatchObject({ revision: 2, jobId: `story-enhancement-${id}-2` });
    expect((await site.platform.queues.job(queue, `story-enhancement-${id}-2`))?.state).toBe('waiting');
  });
});

describe('with a worker', () => {
  it('edits while a job runs make exactly one more, with the latest text; a later edit makes another', async () => {
    const runs: { id: string; title: string }[] = [];
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const busy = await openSite({
      processors: {
        'story-enhancement': {
          'enhance-story': async (context) => {
            const storyId = textAt(context.data, 'storyId');
            const story = await busy.world.database.stories.find(storyId);
            runs.push({ id: context.job.id, title: story?.title ?? '' });
            begun.resolve();
            if (runs.length === 1) await held.promise;
            return {
              success: true,
              storyId,
              enhanced: false,
              enhancedScores: { hypeScore: 1, ethicsScore: 1 },
              processingTime: 1,
            };
          },
        },
      },
    });
    try {
      const producer = await busy.token('producer');
      const patch = (path: string, title: string) =>
        busy.ask('PATCH', `/api/stories/${path}`, { token: producer, body: { title } });
      const created = await busy.ask('POST', '/api/stories', { token: producer, body: text });
      const id = textAt(created.json, 'data.story.id');
      await begun.promise;
      const second = await patch(id, 'Second');
      const third = await patch(id, 'Third');
      expect(textAt(second.json, 'data.story.jobId')).toBe(`story-enhancement-${id}-2`);
      const next = textAt(third.json, 'data.story.jobId');
      expect(next).toBe(`story-enhancement-${id}-3`);
      const status = () => busy.ask('GET', `/api/stories/scoring/job/${next}`, { token: producer });
      expect(at((await status()).json, 'data.job')).toMatchObject({
        id: next,
        storyId: id,
        status: 'waiting',
        result: null,
      });
      held.resolve();
      await until(
        'the next job has ended',
        async () => at((await status()).json, 'data.job.status') === 'completed',
      );
      expect(runs.map((run) => run.title)).toEqual([text.title, 'Third']);

      await patch(id, 'Fourth');
      await until('the last job has ended', async () => runs.length === 3);
      expect(runs[2]).toEqual({ id: `story-enhancement-${id}-4`, title: 'Fourth' });
    } finally {
      await busy.close();
    }
  });
});

describe('the scoring job', () => {
  it('is told while it waits', async () => {
    const id = textAt((await submit()).json, 'data.story.id');
    const answer = await jobOf(`story-enhancement-${id}`);
    expect(answer.status).toBe(200);
    expect(at(answer.json, 'data.job')).toEqual({
      id: `story-enhancement-${id}`,
      storyId: id,
      status: 'waiting',
      result: null,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
  });

  it('is told from the story when the queue has forgotten it', async () => {
    const id = textAt((await submit()).json, 'data.story.id');
    const jobId = `story-enhancement-${id}`;
    await site.world.database.stories.saveEnhancement(id, 1, {
      hypeScore: 7.2,
      ethicsScore: 4.8,
      realityCheck: 'Unproven.',
      eli5Summary: 'A machine.',
      impactTags: ['privacy'],
      model: 'gpt-test',
    });
    await (await site.platform.queues.queue(queue).getJob(jobId))?.remove();
    expect(await site.platform.queues.job(queue, jobId)).toBeUndefined();
    const answer = await jobOf(jobId);
    expect(at(answer.json, 'data.job')).toMatchObject({
      id: jobId,
      storyId: id,
      status: 'completed',
      result: {
        success: true,
        storyId: id,
        enhancedScores: {
          hypeScore: 7.2,
          ethicsScore: 4.8,
          realityCheck: 'Unproven.',
          eli5Summary: 'A machine.',
        },
      },
    });
  });

  it('that there is not is 404', async () => {
    const answer = await jobOf('story-enhancement-none');
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([404, 'JOB_NOT_FOUND']);
  });

  it('counts in the statistics', async () => {
    const answer = await site.ask('GET', '/api/stories/scoring/stats', { token });
    const counts = await site.platform.queues.counts(queue);
    expect(answer.json).toEqual({
      success: true,
      data: {
        stats: {
          totalJobs: counts.waiting,
          pendingJobs: counts.waiting,
          completedJobs: 0,
          failedJobs: 0,
          openAIConfigured: false,
          queueSize: counts.waiting,
        },
      },
    });
    expect(counts.waiting).toBeGreaterThan(0);
  });
});

describe('the test of the provider', () => {
  const path = '/api/stories/scoring/openai/test';

  it('says that no key is set, to operators only', async () => {
    expect((await site.ask('GET', path, { token })).status).toBe(403);
    const answer = await site.ask('GET', path, { token: await site.token('operator') });
    expect(at(answer.json, 'data.openAI')).toMatchObject({ configured: false, ok: false });
  });

  it('tells the model, and what is wrong with the key', async () => {
    let refused = false;
    let budget: TokenBudget | undefined;
    const llm = {
      name: 'model-a',
      ask: () => Promise.reject(new Error('not asked for here')),
      budget: async () => budget,
      check: async () => {
        if (refused) throw new MillraceError('AI_UNAUTHORIZED', 'OpenAI refuses the key. Set another.');
        return { model: 'model-a', latencyMs: 12 };
      },
    };
    const other = await openSite({ llm });
    try {
      const asked = { token: await other.token('operator') };
      const well = await other.ask('GET', path, asked);
      expect(at(well.json, 'data.openAI')).toEqual({
        configured: true,
        ok: true,
        model: 'model-a',
        latencyMs: 12,
      });
      const stats = '/api/stories/scoring/stats';
      expect(at((await other.ask('GET', stats, asked)).json, 'data.stats')).not.toHaveProperty(
        'openAIBudget',
      );

      const resetsAt = new Date('2026-11-24T00:00:00Z');
      budget = { limit: 100_000, used: 95_000, reserved: 0, usedUp: true, resetsAt };
      const waiting = await other.ask('GET', path, asked);
      const told = { ...budget, resetsAt: resetsAt.toJSON() };
      expect(at(waiting.json, 'data.openAI')).toMatchObject({
        ok: true,
        message: expect.stringContaining('used up (95000 of 100000 tokens): jobs wait until 2026-11-24'),
        budget: told,
      });
      expect(at((await other.ask('GET', stats, asked)).json, 'data.stats.openAIBudget')).toEqual(told);
      budget = { ...budget, usedUp: false };
      const recovered = await other.ask('GET', path, asked);
      expect(at(recovered.json, 'data.openAI')).not.toHaveProperty('message');
      refused = true;
      const answer = await other.ask('GET', path, asked);
      expect(answer.status).toBe(502);
      expect(at(answer.json, 'error')).toEqual({
        code: 'AI_UNAUTHORIZED',
        message: 'OpenAI refuses the key. Set another.',
      });
    } finally {
      await other.close();
    }
  });
});

describe('whose a story is', () => {
  const statusOf = async (method: string, path: string, bearer: string, body?: unknown) =>
    (await site.ask(method, path, { token: bearer, ...(body === undefined ? {} : { body }) })).status;

  it('is whoever added it: another service finds neither it nor its job, and changes nothing', async () => {
    const { json } = await submit();
    const [id, jobId] = [textAt(json, 'data.story.id'), textAt(json, 'data.story.jobId')];
    const another = await site.token('producer', 'another');
    const paths = [`/api/stories/${id}`, `/api/stories/scoring/job/${jobId}`];
    for (const path of paths) expect(await statusOf('GET', path, another)).toBe(404);
    expect(await statusOf('PATCH', paths[0] ?? '', another, { title: 'Taken over' })).toBe(404);
    expect((await site.ask('GET', paths[0] ?? '', { token })).json).toEqual(json);
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const bearer = await site.token(role);
      for (const path of paths) expect(await statusOf('GET', path, bearer)).toBe(200);
    }
  });

  it('stays so when an operator changes it: its owner sees it, and the job of the new text', async () => {
    const { json } = await submit();
    const path = `/api/stories/${textAt(json, 'data.story.id')}`;
    const operator = await site.token('operator');
    const changed = await site.ask('PATCH', path, { token: operator, body: { title: 'By an operator' } });
    expect(changed.status).toBe(200);
    expect(textAt((await site.ask('GET', path, { token })).json, 'data.story.title')).toBe('By an operator');
    expect((await jobOf(textAt(changed.json, 'data.story.jobId'))).status).toBe(200);
  });

  it('is nobody’s from before owners were kept: every service reads and changes it, as before', async () => {
    const { json } = await submit();
    const id = textAt(json, 'data.story.id');
    await site.world.pool.query('update stories set added_by = null where id = $1', [id]);
    const another = await site.token('producer', 'another');
    expect(await statusOf('GET', `/api/stories/${id}`, another)).toBe(200);
    expect(await statusOf('PATCH', `/api/stories/${id}`, another, { title: 'Mended' })).toBe(200);
  });
});
