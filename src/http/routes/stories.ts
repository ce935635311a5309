import { type Request, Router } from 'express';
import { z } from 'zod';
import { line } from '../../../queues/fields.ts';
import type { Story } from '../../integrations/database/port.ts';
import { parse, sendData } from '../answer.ts';
import { contextOf, principalOf } from '../context.ts';
import type { Audited } from '../middleware/audit.ts';
import { permit } from '../middleware/authenticate.ts';
import { idempotencyKeyOf } from '../middleware/idempotency-key.ts';
import type { Caller, StoryIntake } from '../stories.ts';

const tag = line(50);
const fields = {
  title: line(300),
  content: z.string().trim().min(1).max(100_000),
  sectorTag: line(100),
  impactTags: z.array(tag).max(20),
};
const newStory = z.strictObject({
  ...fields,
  sectorTag: fields.sectorTag.optional(),
  impactTags: fields.impactTags.default([]),
});
const storyChange = z
  .strictObject({ ...fields, sectorTag: fields.sectorTag.nullable() })
  .partial()
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    error: 'must change something: title, content, sectorTag or impactTags',
  });
const address = z.object({ id: z.string().regex(/^[A-Za-z0-9._~-]{1,128}$/, 'is no id of a story') });

/** Stories: scored locally at once, by a model later. */
export function storyRoutes(intake: StoryIntake, audited: Audited): Router {
  const router = Router();

  const add = audited(
    'stories.change',
    'story.add',
    () => 'story:new',
    async (request, response, note) => {
      const { sectorTag, ...text } = parse(newStory, request.body, 'body');
      const { story, created } = await intake.submit(
        { ...text, sectorTag },
        callerOf(request),
        idempotencyKeyOf(request),
      );
      note({ story: story.id, created });
      sendData(response, { story: viewStory(story) }, created ? 201 : 200);
    },
  );
  const change = audited(
    'stories.change',
    'story.change',
    (request) => `story:${idOf(request)}`,
    async (request, response) => {
      const wanted = parse(storyChange, request.body, 'body');
      sendData(response, { story: viewStory(await intake.revise(idOf(request), wanted, callerOf(request))) });
    },
  );

  router.post('/', add);
  router.get('/:id', permit('stories.read'), async (request, response) => {
    sendData(response, { story: viewStory(await intake.find(idOf(request))) });
  });
  router.patch('/:id', change);

  return router;
}

function idOf(request: Request): string {
  return parse(address, request.params, 'address').id;
}

function callerOf(request: Request): Caller {
  const { correlationId, log } = contextOf(request);
  return { subject: principalOf(request).subject, correlationId, log };
}

function viewStory(story: Story) {
  return {
    id: story.id,
    title: story.title,
    content: story.content,
    sectorTag: story.sectorTag ?? null,
    impactTags: story.impactTags,
    revision: story.revision,
    hypeScore: story.hypeScore,
    ethicsScore: story.ethicsScore,
    realityCheck: story.realityCheck ?? null,
    eli5Summary: story.eli5Summary ?? null,
    /** Whether a model has scored this very text. */
    enhanced: story.enhancedRevision === story.revision,
    model: story.model ?? null,
    jobId: story.jobId ?? null,
    createdAt: story.createdAt,
    updatedAt: story.updatedAt,
  };
}
