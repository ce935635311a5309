import { z } from 'zod';
import type { Story } from '../../integrations/database/port.ts';
import { type Asking, type Route, reply, route } from '../route.ts';
import { idempotencyHeader } from '../schemas/jobs.ts';
import { newStory, storyAddress, storyChange, story as storySchema } from '../schemas/stories.ts';
import type { Caller, StoryIntake } from '../stories.ts';

const tag = 'Stories';
const answer = z.object({ story: storySchema });

/** Stories: scored locally at once, by a model later. */
export function storyRoutes(intake: StoryIntake): Route[] {
  const add = route({
    method: 'post',
    path: '/stories',
    tag,
    permission: 'stories.change',
    summary: 'Add a story',
    description:
      'It is scored by its own words at once; a job has it enhanced by the model, where one is set. The same idempotency key again is the same story, answered with 200.',
    headers: idempotencyHeader,
    body: newStory,
    answers: { 201: answer, 200: answer },
    errors: ['IDEMPOTENCY_CONFLICT', 'TOO_LARGE', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    audit: { action: 'story.add', object: () => 'story:new' },
    async handle({ body: { sectorTag, ...text }, headers, note, ...call }) {
      const { story, created } = await intake.submit(
        { ...text, sectorTag },
        callerOf(call),
        headers['Idempotency-Key'],
      );
      note({ story: story.id, created });
      const data = { story: viewStory(story) };
      return created ? reply(201, data) : reply(200, data);
    },
  });

  const show = route({
    method: 'get',
    path: '/stories/{id}',
    tag,
    permission: 'stories.read-own',
    summary: 'Read a story and its scores',
    description: 'Producers read the stories that they have added.',
    params: storyAddress,
    answers: { 200: answer },
    errors: ['STORY_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    async handle({ params, principal }) {
      return reply(200, { story: viewStory(await intake.find(params.id, principal)) });
    },
  });

  const change = route({
    method: 'patch',
    path: '/stories/{id}',
    tag,
    permission: 'stories.change',
    summary: 'Change a story',
    description:
      'Producers change the stories that they have added. A new text is scored anew and enhanced once more. Sent again after a failure it completes what is missing.',
    params: storyAddress,
    body: storyChange,
    answers: { 200: answer },
    errors: ['STORY_NOT_FOUND', 'TOO_LARGE', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    audit: { action: 'story.change', object: ({ id }) => `story:${id}` },
    async handle({ params, body, ...call }) {
      return reply(200, { story: viewStory(await intake.revise(params.id, body, callerOf(call))) });
    },
  });

  return [add, show, change];
}

function callerOf({ principal, correlationId, log }: Asking): Caller {
  return { principal, correlationId, log };
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
    enhanced: story.enhancedRevision === story.revision,
    model: story.model ?? null,
    jobId: story.jobId ?? null,
    createdAt: story.createdAt,
    updatedAt: story.updatedAt,
  };
}
