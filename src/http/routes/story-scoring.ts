import { z } from 'zod';
import type { Stories } from '../../integrations/database/port.ts';
import type { LanguageModel, TokenBudget } from '../../integrations/llm/port.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { type Route, reply, route } from '../route.ts';
import { providerCheck, scoringJob, scoringJobAddress, scoringStats } from '../schemas/stories.ts';
import { findScoringJob } from '../scoring-jobs.ts';
import { storyQueue } from '../stories.ts';

const tag = 'Stories';

/** How long the model's provider may take to say that it is there, in ms. */
const providerTimeoutMs = 20_000;

export interface StoryScoringOptions {
  readonly queues: QueueManager;
  readonly stories: Stories;
  readonly llm: LanguageModel | undefined;
}

/** What becomes of the scoring of stories. */
export function storyScoringRoutes({ queues, stories, llm }: StoryScoringOptions): Route[] {
  const job = route({
    method: 'get',
    path: '/stories/scoring/job/{jobId}',
    tag,
    permission: 'stories.read-own',
    summary: 'Look at the scoring of a story',
    description:
      'Also when its queue has forgotten the job: the story still knows. Producers see that of the stories that they have added.',
    params: scoringJobAddress,
    answers: { 200: z.object({ job: scoringJob }) },
    errors: ['JOB_NOT_FOUND', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    async handle({ params, principal }) {
      const found = await findScoringJob(params.jobId, principal, {
        queues,
        stories,
        modelConfigured: llm !== undefined,
      });
      return reply(200, { job: found });
    },
  });

  const stats = route({
    method: 'get',
    path: '/stories/scoring/stats',
    tag,
    permission: 'stories.read-own',
    summary: 'Count the jobs that score stories',
    answers: { 200: z.object({ stats: scoringStats }) },
    errors: ['QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    async handle() {
      const { waiting, delayed, active, completed, failed } = await queues.counts(storyQueue);
      const pending = waiting + delayed + active;
      const budget = await llm?.budget();
      const counted = {
        totalJobs: pending + completed + failed,
        pendingJobs: pending,
        completedJobs: completed,
        failedJobs: failed,
        openAIConfigured: llm !== undefined,
        queueSize: waiting + delayed,
        ...(budget === undefined ? {} : { openAIBudget: viewBudget(budget) }),
      };
      return reply(200, { stats: counted });
    },
  });

  const test = route({
    method: 'get',
    path: '/stories/scoring/openai/test',
    tag,
    permission: 'providers.try',
    summary: 'Ask OpenAI whether it answers',
    answers: { 200: z.object({ openAI: providerCheck }) },
    errors: ['AI_UNAUTHORIZED', 'AI_RATE_LIMITED', 'AI_REJECTED', 'AI_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    async handle() {
      if (llm === undefined) {
        const message = 'OPENAI_API_KEY is not set: stories keep their local scores.';
        return reply(200, { openAI: { configured: false, ok: false, message } });
      }
      const { model, latencyMs } = await llm.check(AbortSignal.timeout(providerTimeoutMs));
      const budget = await llm.budget();
      const openAI = { configured: true, ok: true, model, latencyMs };
      if (budget === undefined) return reply(200, { openAI });
      return reply(200, { openAI: { ...openAI, ...budgetMessage(budget), budget: viewBudget(budget) } });
    },
  });

  return [job, stats, test];
}

function viewBudget({ limit, used, reserved, usedUp, resetsAt }: TokenBudget) {
  return { limit, used, reserved, usedUp, resetsAt };
}

function budgetMessage({ usedUp, used, limit, resetsAt }: TokenBudget) {
  if (!usedUp) return {};
  const message = `OpenAI answers, but OPENAI_DAILY_TOKEN_LIMIT is used up (${used} of ${limit} tokens): jobs wait until ${resetsAt.toISOString()}.`;
  return { message };
}
