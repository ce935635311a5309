import { z } from 'zod';
import { defineJob, defineQueue, envelope, refersTo } from './define.ts';
import { count, id } from './fields.ts';

const score = z.number().min(0).max(10);

export const storyEnhancementQueue = defineQueue({
  name: 'story-enhancement',
  summary: 'Scoring of stories',
  defaults: { concurrency: 5, keepCompleted: { count: 100 }, keepFailed: { count: 50 } },
  jobs: {
    'enhance-story': defineJob({
      summary: 'Refines a story’s local scores with a language model',
      payload: envelope('story-enhancement', { storyId: refersTo('story', id) }),
      result: z.strictObject({
        success: z.boolean(),
        storyId: id,
        /** `false` when no model was asked; the scores are then the local ones. */
        enhanced: z.boolean(),
        /** Why no model was asked. */
        note: z.string().optional(),
        enhancedScores: z.strictObject({
          hypeScore: score,
          ethicsScore: score,
          realityCheck: z.string().optional(),
          eli5Summary: z.string().optional(),
          impactTags: z.array(z.string()).optional(),
        }),
        model: z.string().optional(),
        tokens: z.strictObject({ input: count, output: count }).optional(),
        processingTime: z.number().min(0),
      }),
      defaults: { attempts: 3, backoffMs: 2_000, timeoutMs: 180_000 },
    }),
  },
});
