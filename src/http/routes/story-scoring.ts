import { Router } from 'express';
import { z } from 'zod';
import type { Stories } from '../../integrations/database/port.ts';
import type { LanguageModel, TokenBudget } from '../../integrations/llm/port.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { parse, sendData } from '../answer.ts';
import { permit } from '../middleware/authenticate.ts';
import { findScoringJob } from '../scoring-jobs.ts';
import { storyQueue } from '../stories.ts';

const address = z.object({ jobId: z.string().regex(/^[\x21-\x7e]{1,300}$/, 'is no id of a job') });

/** How long the model's provider may take to say that it is there, in ms. */
const providerTimeoutMs = 20_000;

export interface StoryScoringOptions {
  readonly queues: QueueManager;
  readonly stories: Stories;
  readonly llm: LanguageModel | undefined;
}

/** What becomes of the scoring of stories. */
export function storyScoringRoutes({ queues, stories, llm }: StoryScoringOptions): Router {
  const router = Router();

  router.get('/job/:jobId', permit('stories.read'), async (request, response) => {
    const { jobId } = parse(address, request.params, 'address');
    const job = await findScoringJob(jobId, { queues, stories, modelConfigured: llm !== undefined });
    sendData(response, { job });
  });

  router.get('/stats', permit('stories.read'), async (_request, response) => {
    const { waiting, delayed, active, completed, failed } = await queues.counts(storyQueue);
    const pending = waiting + delayed + active;
    const budget = await llm?.budget();
    const stats = {
      totalJobs: pending + completed + failed,
      pendingJobs: pending,
      completedJobs: completed,
      failedJobs: failed,
      openAIConfigured: llm !== undefined,
      queueSize: waiting + delayed,
      ...(budget === undefined ? {} : { openAIBudget: viewBudget(budget) }),
    };
    sendData(response, { stats });
  });

  router.get('/openai/test', permit('providers.try'), async (_request, response) => {
    if (llm === undefined) {
      const message = 'OPENAI_API_KEY is not set: stories keep their local scores.';
      return sendData(response, { openAI: { configured: false, ok: false, message } });
    }
    const { model, latencyMs } = await llm.check(AbortSignal.timeout(providerTimeoutMs));
    const budget = await llm.budget();
    const openAI = { configured: true, ok: true, model, latencyMs };
    if (budget === undefined) return sendData(response, { openAI });
    sendData(response, { openAI: { ...openAI, ...budgetMessage(budget), budget: viewBudget(budget) } });
  });

  return router;
}

function viewBudget({ limit, used, reserved, usedUp, resetsAt }: TokenBudget) {
  return { limit, used, reserved, usedUp, resetsAt };
}

function budgetMessage({ usedUp, used, limit, resetsAt }: TokenBudget) {
  if (!usedUp) return {};
  const message = `OpenAI answers, but OPENAI_DAILY_TOKEN_LIMIT is used up (${used} of ${limit} tokens): jobs wait until ${resetsAt.toISOString()}.`;
  return { message };
}
