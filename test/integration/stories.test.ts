import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewStory, Stories } from '../../src/integrations/database/port.ts';
import { createWorld, type World } from '../support/world.ts';

const enhancement = {
  hypeScore: 7.25,
  ethicsScore: 4.5,
  realityCheck: 'Unproven.',
  eli5Summary: 'A new helper.',
  impactTags: ['privacy', 'work'],
  model: 'gpt-5-mini',
};

describe('stories in PostgreSQL', () => {
  let world: World;
  let stories: Stories;
  beforeAll(async () => {
    world = await createWorld();
    stories = world.database.stories;
  });
  afterAll(async () => {
    await world.close();
  });

  const newStory = (id: string, change: Partial<NewStory> = {}): NewStory => ({
    id,
    title: 'Ünï – "quotes" \\ and 🚀',
    content: "It's 100 % new; drop table stories;--",
    sectorTag: 'AI Ethics',
    impactTags: ['a, "b"', '{c}', ''],
    hypeScore: 6.55,
    ethicsScore: 0,
    jobId: `story-enhancement-${id}`,
    ...change,
  });

  it('keeps a new story as it was given', async () => {
    const story = newStory('kept');
    const created = await stories.create(story);
    expect(created).toMatchObject({
      ...story,
      revision: 1,
      enhancedRevision: undefined,
      realityCheck: undefined,
      eli5Summary: undefined,
      model: undefined,
    });
    expect(created.createdAt).toEqual(created.updatedAt);
    expect(await stories.find('kept')).toEqual(created);
    expect(await stories.findByJob('story-enhancement-kept')).toEqual(created);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await stories.find('nobody')).toBeUndefined();
    expect(await stories.findByJob('nobody')).toBeUndefined();
    const { id: _id, jobId: _jobId, ...change } = newStory('nobody');
    expect(await stories.edit('nobody', change)).toBeUndefined();
    expect(await stories.saveEnhancement('nobody', 1, enhancement)).toBe(false);
  });

  it('does not take an id twice', async () => {
    await stories.create(newStory('twice'));
    await expect(stories.create(newStory('twice'))).rejects.toMatchObject({ code: '23505' });
  });

  it('writes a model’s scores for the revision that it read', async () => {
    const { updatedAt } = await stories.create(newStory('scored'));
    expect(await stories.saveEnhancement('scored', 1, enhancement)).toBe(true);
    const scored = await stories.find('scored');
    expect(scored).toMatchObject({ ...enhancement, revision: 1, enhancedRevision: 1 });
    expect(scored?.updatedAt.getTime()).toBeGreaterThanOrEqual(updatedAt.getTime());
  });

  it('counts an edit, takes the new scores and drops what was said of the old text', async () => {
    await stories.create(newStory('edited'));
    await stories.saveEnhancement('edited', 1, enhancement);
    const edited = await stories.edit('edited', {
      title: 'New',
      content: 'text',
      sectorTag: undefined,
      impactTags: [],
      hypeScore: 1.5,
      ethicsScore: 2.5,
    });
    expect(edited).toMatchObject({
      title: 'New',
      sectorTag: undefined,
      impactTags: [],
      revision: 2,
      enhancedRevision: 1,
      hypeScore: 1.5,
      ethicsScore: 2.5,
      realityCheck: undefined,
      eli5Summary: undefined,
      model: undefined,
      jobId: 'story-enhancement-edited',
    });
  });

  it('writes no scores of a text that was edited since', async () => {
    await stories.create(newStory('late'));
    const { id: _id, jobId: _jobId, ...change } = newStory('late', { hypeScore: 3 });
    await stories.edit('late', change);
    expect(await stories.saveEnhancement('late', 1, enhancement)).toBe(false);
    expect(await stories.find('late')).toMatchObject({ hypeScore: 3, enhancedRevision: undefined });
    expect(await stories.saveEnhancement('late', 2, enhancement)).toBe(true);
  });

  it('counts every one of many edits at once', async () => {
    await stories.create(newStory('busy'));
    const { id: _id, jobId: _jobId, ...change } = newStory('busy');
    await Promise.all(Array.from({ length: 20 }, () => stories.edit('busy', change)));
    expect((await stories.find('busy'))?.revision).toBe(21);
  });

  it('remembers the job that scores it', async () => {
    await stories.create(newStory('follow'));
    await stories.setJob('follow', 'another-job');
    expect((await stories.findByJob('another-job'))?.id).toBe('follow');
    expect(await stories.findByJob('story-enhancement-follow')).toBeUndefined();
  });

  it('keeps scores at both ends of their range', async () => {
    const story = await stories.create(newStory('ends', { hypeScore: 10, ethicsScore: 9.99 }));
    expect(story).toMatchObject({ hypeScore: 10, ethicsScore: 9.99 });
  });
});
