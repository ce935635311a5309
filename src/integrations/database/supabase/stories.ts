import type { Stories, Story } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { readStory } from '../postgres/stories.ts';
import type { Api } from './api.ts';

/** The stories and their scores. */
export function createStories(api: Api): Stories {
  const stories = () => api.tables.from('stories');
  const first = ([row]: readonly Row[]): Story | undefined =>
    row === undefined ? undefined : readStory(row);

  return {
    async create(story) {
      const created = first(
        await api.rows(
          stories()
            .insert({
              id: story.id,
              title: story.title,
              content: story.content,
              sector_tag: story.sectorTag ?? null,
              impact_tags: story.impactTags,
              hype_score: story.hypeScore,
              ethics_score: story.ethicsScore,
              job_id: story.jobId,
              added_by: story.addedBy ?? null,
            })
            .select(),
        ),
      );
      if (created === undefined) throw new Error('The insert of a story gave no row back.');
      return created;
    },
    find: async (id) => first(await api.rows(stories().select().eq('id', id).limit(1))),
    findByJob: async (jobId) =>
      first(
        await api.rows(
          stories()
            .select()
            .eq('job_id', jobId)
            .order('updated_at', { ascending: false })
            .order('id')
            .limit(1),
        ),
      ),
    edit: async (id, change) =>
      first(
        await api.callRows('edit_story', {
          p_id: id,
          p_title: change.title,
          p_content: change.content,
          p_sector_tag: change.sectorTag ?? null,
          p_impact_tags: change.impactTags,
          p_hype_score: change.hypeScore,
          p_ethics_score: change.ethicsScore,
        }),
      ),
    async setJob(id, jobId) {
      await api.counted(stories().update({ job_id: jobId }, { count: 'exact' }).eq('id', id));
    },
    async remove(id) {
      await api.counted(stories().delete({ count: 'exact' }).eq('id', id));
    },
    async saveEnhancement(id, revision, scores) {
      const written = await api.counted(
        stories()
          .update(
            {
              hype_score: scores.hypeScore,
              ethics_score: scores.ethicsScore,
              reality_check: scores.realityCheck,
              eli5_summary: scores.eli5Summary,
              impact_tags: scores.impactTags,
              model: scores.model,
              enhanced_revision: revision,
              // PostgreSQL's own word for the time of the transaction.
              updated_at: 'now',
            },
            { count: 'exact' },
          )
          .eq('id', id)
          .eq('revision', revision),
      );
      return written === 1;
    },
  };
}
