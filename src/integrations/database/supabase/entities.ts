import type { Entities } from '../port.ts';
import { columnsOf, entityOf } from '../postgres/entities.ts';
import type { Api } from './api.ts';
import { savePage } from './sync-page.ts';

/** Companies that are registered for federal work. */
export function createEntities(api: Api): Entities {
  return {
    savePage: (rows, rejects, checkpoint, lease) =>
      savePage(api, 'save_entity_page', rows.map(columnsOf), rejects, checkpoint, lease),
    async find(uei) {
      const [row] = await api.rows(api.tables.from('entities').select().eq('uei', uei).limit(1));
      return row === undefined ? undefined : entityOf(row);
    },
    count: () => api.counted(api.tables.from('entities').select('uei', { count: 'exact', head: true })),
  };
}
