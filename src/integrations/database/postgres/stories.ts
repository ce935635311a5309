import type { Stories, Story } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, numberOrNone, text, textOrNone, texts, time } from './rows.ts';

const columns = `id, title, content, sector_tag, impact_tags, revision, hype_score, ethics_score, reality_check,
  eli5_summary, enhanced_revision, model, job_id, added_by, created_at, updated_at`;

export function createStories(connection: Connection): Stories {
  const first = async (sql: string, parameters: readonly unknown[]) => {
    const [row] = await connection.query(sql, parameters);
    return row === undefined ? undefined : readStory(row);
  };

  return {
    async create(story) {
      const created = await first(
        `insert into stories (id, title, content, sector_tag, impact_tags, hype_score, ethics_score, job_id, added_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${columns}`,
        [
          story.id,
          story.title,
          story.content,
          story.sectorTag ?? null,
          [...story.impactTags],
          story.hypeScore,
          story.ethicsScore,
          story.jobId,
          story.addedBy ?? null,
        ],
      );
      if (created === undefined) throw new Error('The insert of a story gave no row back.');
      return created;
    },

    find: (id) => first(`select ${columns} from stories where id = $1`, [id]),

    findByJob: (jobId) =>
      first(`select ${columns} from stories where job_id = $1 order by updated_at desc, id limit 1`, [jobId]),

    edit: (id, change) =>
      first(`select ${columns} from edit_story($1, $2, $3, $4, $5, $6, $7)`, [
        id,
        change.title,
        change.content,
        change.sectorTag ?? null,
        [...change.impactTags],
        change.hypeScore,
        change.ethicsScore,
      ]),

    async setJob(id, jobId) {
      await connection.query('update stories set job_id = $2 where id = $1', [id, jobId]);
    },

    async remove(id) {
      await connection.query('delete from stories where id = $1', [id]);
    },

    async saveEnhancement(id, revision, scores) {
      const saved = await connection.query(
        `update stories set hype_score = $3, ethics_score = $4, reality_check = $5, eli5_summary = $6,
           impact_tags = $7, model = $8, enhanced_revision = revision, updated_at = now()
         where id = $1 and revision = $2 returning id`,
        [
          id,
          revision,
          scores.hypeScore,
          scores.ethicsScore,
          scores.realityCheck,
          scores.eli5Summary,
          [...scores.impactTags],
          scores.model,
        ],
      );
      return saved.length === 1;
    },
  };
}

export function readStory(row: Row): Story {
  return {
    id: text(row, 'id'),
    title: text(row, 'title'),
    content: text(row, 'content'),
    sectorTag: textOrNone(row, 'sector_tag'),
    impactTags: texts(row, 'impact_tags'),
    revision: number(row, 'revision'),
    hypeScore: number(row, 'hype_score'),
    ethicsScore: number(row, 'ethics_score'),
    realityCheck: textOrNone(row, 'reality_check'),
    eli5Summary: textOrNone(row, 'eli5_summary'),
    enhancedRevision: numberOrNone(row, 'enhanced_revision'),
    model: textOrNone(row, 'model'),
    jobId: textOrNone(row, 'job_id'),
    addedBy: textOrNone(row, 'added_by'),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  };
}
