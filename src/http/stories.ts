import type { Principal } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { NewStory, Stories, Story } from '../integrations/database/port.ts';
import type { Logger } from '../observability/logger.ts';
import { sameJson } from '../queue/idempotency.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { newId } from './keyed-ids.ts';
import type { ScoreStory } from './options.ts';
import { mayRead } from './owned.ts';

/** What people write of a story. */
export interface StoryText {
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
  readonly impactTags: readonly string[];
}

/** Absent fields stay as they are; a sector of `null` takes it away. */
export interface StoryChange {
  readonly title?: string | undefined;
  readonly content?: string | undefined;
  readonly sectorTag?: string | null | undefined;
  readonly impactTags?: readonly string[] | undefined;
}

export interface StoryIntakeOptions {
  readonly queues: QueueManager;
  readonly stories: Stories;
  readonly scoreStory: ScoreStory;
}

export interface Caller {
  readonly principal: Principal;
  readonly correlationId: string;
  readonly log: Logger;
}

export const storyQueue = 'story-enhancement';

/** The first text has the id of the seeds; each later one a job of its own, since finished jobs keep their ids. */
export function storyJobId(id: string, revision: number): string {
  return revision === 1 ? `story-enhancement-${id}` : `story-enhancement-${id}-${revision}`;
}

/**
 * Takes in stories: scores them by their own words, keeps them, and has them enhanced. The row comes first, since a job
 * without its story could only fail; a story whose job the queue did not take is either withdrawn or completed by the
 * same request sent again.
 */
export class StoryIntake {
  readonly #queues: QueueManager;
  readonly #stories: Stories;
  readonly #scoreStory: ScoreStory;

  constructor({ queues, stories, scoreStory }: StoryIntakeOptions) {
    this.#queues = queues;
    this.#stories = stories;
    this.#scoreStory = scoreStory;
  }

  /**
   * Keeps a new story. The same idempotency key again, from the same caller, is the same story.
   * @throws MillraceError QUEUE_UNAVAILABLE when nothing was kept; IDEMPOTENCY_CONFLICT.
   */
  async submit(
    text: StoryText,
    caller: Caller,
    idempotencyKey?: string,
  ): Promise<{ story: Story; created: boolean }> {
    const id = newId('story', caller.principal.subject, idempotencyKey);
    const existing = idempotencyKey === undefined ? undefined : await this.#stories.find(id);
    if (existing !== undefined) return { story: await this.#resume(existing, text, caller), created: false };

    const row: NewStory = {
      ...text,
      ...this.#score(text),
      id,
      jobId: storyJobId(id, 1),
      addedBy: caller.principal.subject,
    };
    const created = await this.#create(row, idempotencyKey !== undefined);
    if (created === undefined) return this.submit(text, caller, idempotencyKey);
    try {
      return { story: await this.#enqueue(created, caller), created: true };
    } catch (error) {
      // With a key the row stays: nobody knows its id, and the same request finds and completes it.
      if (idempotencyKey === undefined) await this.#withdraw(created, caller);
      throw error;
    }
  }

  /**
   * Changes a story, scores it anew and has it enhanced again. Sent again after a failure it completes what is missing.
   * Two edits at once: each field keeps what was written last.
   * @throws MillraceError STORY_NOT_FOUND; QUEUE_UNAVAILABLE
   */
  async revise(id: string, change: StoryChange, caller: Caller): Promise<Story> {
    const before = await this.find(id, caller.principal);
    const text = {
      title: change.title ?? before.title,
      content: change.content ?? before.content,
      sectorTag: change.sectorTag === null ? undefined : (change.sectorTag ?? before.sectorTag),
      impactTags: change.impactTags ?? before.impactTags,
    };
    if (sameText(before, text)) return this.#ensureEnhancement(before, caller);
    const story = await this.#stories.edit(id, { ...text, ...this.#score(text) });
    if (story === undefined) throw noStory(id);
    try {
      return await this.#enqueue(story, caller);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'QUEUE_UNAVAILABLE') throw error;
      const message = `The new text of story ${id} is kept, but the queue did not take its scoring. Send the same request again.`;
      throw new MillraceError('QUEUE_UNAVAILABLE', message, { cause: error });
    }
  }

  /** A story that the caller may read. @throws MillraceError STORY_NOT_FOUND, also of another's. */
  async find(id: string, principal: Principal): Promise<Story> {
    const story = await this.#stories.find(id);
    if (story === undefined || !mayRead(principal, story.addedBy, 'stories.read')) throw noStory(id);
    return story;
  }

  #score({ title, content }: StoryText) {
    const { hypeScore, ethicsScore } = this.#scoreStory({ title, content });
    return { hypeScore, ethicsScore };
  }

  /** `undefined` when the same key came twice at once and the other was first. */
  async #create(row: NewStory, keyed: boolean): Promise<Story | undefined> {
    try {
      return await this.#stories.create(row);
    } catch (error) {
      if (keyed && (await this.#stories.find(row.id)) !== undefined) return undefined;
      throw error;
    }
  }

  async #resume(existing: Story, text: StoryText, caller: Caller): Promise<Story> {
    // A model adds tags of its own; after an edit the first text is no longer known, and the key has done its work.
    const sent =
      existing.enhancedRevision === undefined ? text : { ...text, impactTags: existing.impactTags };
    if (existing.revision === 1 && !sameText(existing, sent)) {
      throw new MillraceError(
        'IDEMPOTENCY_CONFLICT',
        'The idempotency key was used before for another story. Use a new key for a new one.',
      );
    }
    return this.#ensureEnhancement(existing, caller);
  }

  /**
   * Adds the job that an earlier try may not have added. A job that is there is left alone: to add its id once more with
   * a deduplication id would tie the story to a job that has ended (BullMQ's PostgreSQL backend).
   */
  async #ensureEnhancement(story: Story, caller: Caller): Promise<Story> {
    if (story.enhancedRevision === story.revision) return story;
    const ids = new Set([story.jobId ?? '', storyJobId(story.id, story.revision)]);
    for (const id of ids) {
      if (id !== '' && (await this.#queues.job(storyQueue, id)) !== undefined) return story;
    }
    return this.#enqueue(story, caller);
  }

  async #enqueue(story: Story, { correlationId, principal }: Caller): Promise<Story> {
    const wanted = storyJobId(story.id, story.revision);
    const handle = await this.#queues.addJob(
      storyQueue,
      'enhance-story',
      { type: 'story-enhancement', data: { storyId: story.id } },
      { jobId: wanted, deduplicate: { id: story.id }, correlationId, addedBy: principal.subject },
    );
    const jobId = handle.id === wanted ? wanted : await this.#followed(handle.id, wanted);
    if (story.jobId === jobId) return story;
    await this.#stories.setJob(story.id, jobId);
    return { ...story, jobId };
  }

  /** A waiting job will read the new text itself; after a running one BullMQ adds ours when it ends. */
  async #followed(other: string, wanted: string): Promise<string> {
    const state = (await this.#queues.job(storyQueue, other))?.state;
    return state === 'waiting' || state === 'delayed' ? other : wanted;
  }

  async #withdraw(story: Story, { log }: Caller): Promise<void> {
    try {
      await this.#stories.remove(story.id);
    } catch (error) {
      log.error({ err: error, storyId: story.id }, 'A story without a job could not be withdrawn');
    }
  }
}

function sameText(a: StoryText, b: StoryText): boolean {
  const pick = ({ title, content, sectorTag, impactTags }: StoryText) => [
    title,
    content,
    sectorTag ?? null,
    impactTags,
  ];
  return sameJson(pick(a), pick(b));
}

function noStory(id: string): MillraceError {
  return new MillraceError('STORY_NOT_FOUND', `No story has the id "${id}".`);
}
