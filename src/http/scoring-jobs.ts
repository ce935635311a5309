import type { Principal } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { Stories, Story } from '../integrations/database/port.ts';
import type { JobState, JobView } from '../queue/job-view.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { mayRead } from './owned.ts';
import { storyJobId, storyQueue } from './stories.ts';

/** The scoring of a story as the API tells it. */
export interface ScoringJob {
  readonly id: string;
  readonly storyId: string | null;
  readonly status: JobState;
  readonly result: unknown;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** How many earlier texts are looked at for a job that still runs. */
const mostEarlier = 5;

export interface ScoringJobsOptions {
  readonly queues: QueueManager;
  readonly stories: Stories;
  /** Without a model a job ends with the local scores, and leaves no trace in the story. */
  readonly modelConfigured: boolean;
}

/**
 * Finds a scoring job: in the queue, or, since that keeps only the last hundred, in the row of the story.
 * @throws MillraceError JOB_NOT_FOUND, also where the story is another's; QUEUE_UNAVAILABLE
 */
export async function findScoringJob(
  id: string,
  principal: Principal,
  options: ScoringJobsOptions,
): Promise<ScoringJob> {
  const view = await options.queues.job(storyQueue, id);
  const storyId = view === undefined ? null : storyIdIn(view.payload);
  const story = await (storyId === null ? options.stories.findByJob(id) : options.stories.find(storyId));
  // The scores are the story's, so its owner sees them, whoever had it scored.
  const addedBy = story === undefined ? view?.addedBy : story.addedBy;
  if (mayRead(principal, addedBy, 'stories.read')) {
    if (view !== undefined) return fromQueue(view);
    if (story !== undefined) {
      const told = await fromStory(id, story, options);
      // The job of the earlier text may have ended between the two looks, and this one have come into the queue by that.
      const come = told.status === 'waiting' ? undefined : await options.queues.job(storyQueue, id);
      return come === undefined ? told : fromQueue(come);
    }
  }
  throw new MillraceError(
    'JOB_NOT_FOUND',
    `No scoring job has the id "${id}". GET /api/stories/<id> tells the job of a story.`,
  );
}

function fromQueue(view: JobView): ScoringJob {
  return {
    id: view.id,
    storyId: storyIdIn(view.payload),
    status: view.state,
    result: view.result ?? null,
    createdAt: view.createdAt,
    updatedAt: view.finishedAt ?? view.startedAt ?? view.createdAt,
  };
}

async function fromStory(id: string, story: Story, options: ScoringJobsOptions): Promise<ScoringJob> {
  const status = await statusOf(story, options);
  const result = status === 'completed' ? resultOf(story) : null;
  return { id, storyId: story.id, status, result, createdAt: story.createdAt, updatedAt: story.updatedAt };
}

async function statusOf(story: Story, { queues, modelConfigured }: ScoringJobsOptions): Promise<JobState> {
  if (story.enhancedRevision === story.revision) return 'completed';
  // While the job of an earlier text runs, this one waits outside the queue, as BullMQ's next of its kind.
  const oldest = Math.max(1, story.revision - mostEarlier);
  for (let revision = story.revision - 1; revision >= oldest; revision -= 1) {
    const earlier = await queues.job(storyQueue, storyJobId(story.id, revision));
    if (earlier?.state === 'active') return 'waiting';
  }
  return modelConfigured ? 'unknown' : 'completed';
}

function resultOf(story: Story) {
  const { hypeScore, ethicsScore, realityCheck, eli5Summary, impactTags, model } = story;
  return {
    success: true,
    storyId: story.id,
    enhanced: story.enhancedRevision === story.revision,
    enhancedScores: { hypeScore, ethicsScore, realityCheck, eli5Summary, impactTags },
    model,
  };
}

function storyIdIn(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null || !('data' in payload)) return null;
  const { data } = payload;
  if (typeof data !== 'object' || data === null || !('storyId' in data)) return null;
  return typeof data.storyId === 'string' ? data.storyId : null;
}
