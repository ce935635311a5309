import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { usualAssessment } from '../support/fake-openai.ts';
import { openMill } from '../support/mill.ts';
import { until } from '../support/platform.ts';
import { postgresStore } from '../support/stores.ts';

const run = promisify(execFile);

const time = z.iso.datetime();
const score = z.number().min(0).max(10);

/** The answers of the guide, field by field; strict where it shows the whole of a thing. */
const created = z.strictObject({
  success: z.literal(true),
  data: z.strictObject({
    story: z.looseObject({ id: z.string(), hypeScore: score, ethicsScore: score, jobId: z.string() }),
  }),
});
const job = z.strictObject({
  success: z.literal(true),
  data: z.strictObject({
    job: z.strictObject({
      id: z.string(),
      storyId: z.string(),
      status: z.string(),
      result: z
        .looseObject({
          success: z.literal(true),
          storyId: z.string(),
          enhancedScores: z.looseObject({
            hypeScore: score,
            ethicsScore: score,
            realityCheck: z.string(),
            eli5Summary: z.string(),
          }),
          processingTime: z.number(),
        })
        .nullable(),
      createdAt: time,
      updatedAt: time,
    }),
  }),
});
const count = z.int().min(0);
const stats = z.strictObject({
  success: z.literal(true),
  data: z.strictObject({
    stats: z.strictObject({
      totalJobs: count,
      pendingJobs: count,
      completedJobs: count,
      failedJobs: count,
      openAIConfigured: z.boolean(),
      queueSize: count,
    }),
  }),
});

/**
 * The user's guide to the worker of stories, command by command, on another port. Its commands that only read send no
 * token; here they need one as well, which is the one thing that is not as it stands there.
 */
test('the guide’s commands give the answers that it shows', async () => {
  const mill = await openMill(postgresStore);
  await mill.start({ ROLE: 'all' });
  const curl = async (method: string, path: string, ...options: string[]): Promise<unknown> => {
    const token = ['-H', `Authorization: Bearer ${mill.token}`];
    const { stdout } = await run('curl', [
      '-sS',
      '-X',
      method,
      `${mill.process?.url}${path}`,
      ...token,
      ...options,
    ]);
    return JSON.parse(stdout);
  };
  const text = {
    title: 'New AI Model Raises Privacy Concerns',
    content: 'A new AI model has been released...',
    sectorTag: 'AI Ethics',
    impactTags: ['privacy', 'concern'],
  };
  const answer = await curl(
    ...(['POST', '/api/stories'] as const),
    ...['-H', 'Content-Type: application/json', '-d', JSON.stringify(text)],
  );
  const { story } = created.parse(answer).data;
  expect(story.jobId).toBe(`story-enhancement-${story.id}`);

  const path = `/api/stories/scoring/job/${story.jobId}`;
  const look = async () => job.parse(await curl('GET', path)).data.job;
  await until('the job is completed', async () => (await look()).status === 'completed');
  const done = await look();
  expect(done).toMatchObject({ id: story.jobId, storyId: story.id });
  const { impactTags: _, ...scores } = usualAssessment;
  expect(done.result?.enhancedScores).toMatchObject(scores);
  expect(Date.parse(done.updatedAt)).toBeGreaterThanOrEqual(Date.parse(done.createdAt));

  expect(stats.parse(await curl('GET', '/api/stories/scoring/stats')).data.stats).toEqual({
    totalJobs: 1,
    pendingJobs: 0,
    completedJobs: 1,
    failedJobs: 0,
    openAIConfigured: true,
    queueSize: 0,
  });
  expect(await curl('GET', '/api/stories/scoring/openai/test')).toMatchObject({
    success: true,
    data: { openAI: { configured: true, ok: true, model: mill.fake.model } },
  });
}, 60_000);
