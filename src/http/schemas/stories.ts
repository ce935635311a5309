import { z } from 'zod';
import { line } from '../../../queues/fields.ts';
import { count, jobId, time } from './fields.ts';
import { jobState } from './jobs.ts';

const storyTag = line(50);
const fields = {
  title: line(300),
  content: z.string().trim().min(1).max(100_000),
  sectorTag: line(100),
  impactTags: z.array(storyTag).max(20),
};

export const newStory = z
  .strictObject({
    ...fields,
    sectorTag: fields.sectorTag.optional(),
    impactTags: fields.impactTags.default([]),
  })
  .meta({ id: 'NewStory' });

export const storyChange = z
  .strictObject({ ...fields, sectorTag: fields.sectorTag.nullable() })
  .partial()
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    error: 'must change something: title, content, sectorTag or impactTags',
  })
  .meta({
    id: 'StoryChange',
    description: 'At least one field; what is absent stays, `null` takes the sector away',
  });

export const storyAddress = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{1,128}$/, 'is no id of a story')
    .describe("The story's id"),
});

/** 0 to 10, by the rules of `docs/scoring.md` or by the model. */
const score = z.number().min(0).max(10);

/** A story as the API shows it. */
export const story = z
  .object({
    id: z.string(),
    title: z.string(),
    content: z.string(),
    sectorTag: z.string().nullable(),
    impactTags: z.array(z.string()),
    revision: count.describe('Counts its texts, the first is 1'),
    hypeScore: score,
    ethicsScore: score,
    realityCheck: z.string().nullable().describe("The model's"),
    eli5Summary: z.string().nullable().describe("The model's"),
    enhanced: z.boolean().describe('Whether a model has scored this very text'),
    model: z.string().nullable(),
    jobId: z.string().nullable().describe('The job of queue `story-enhancement` that has it enhanced'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Story' });

export const scoringJobAddress = z.object({ jobId });

export const scoringJob = z
  .object({
    id: z.string(),
    storyId: z.string().nullable(),
    status: jobState,
    result: z.unknown().describe("The job's result; `null` until it has one"),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'ScoringJob' });

const tokenBudget = z
  .object({
    limit: count.describe('Tokens of a day (UTC)'),
    used: count,
    reserved: count.describe('What calls under way may still use'),
    usedUp: z.boolean(),
    resetsAt: time,
  })
  .meta({ id: 'TokenBudget' });

export const scoringStats = z
  .object({
    totalJobs: count,
    pendingJobs: count,
    completedJobs: count,
    failedJobs: count,
    openAIConfigured: z.boolean(),
    queueSize: count,
    openAIBudget: tokenBudget.optional(),
  })
  .meta({ id: 'ScoringStats' });

export const providerCheck = z
  .object({
    configured: z.boolean(),
    ok: z.boolean(),
    message: z.string().optional(),
    model: z.string().optional(),
    latencyMs: z.number().optional(),
    budget: tokenBudget.optional(),
  })
  .meta({ id: 'ProviderCheck' });
