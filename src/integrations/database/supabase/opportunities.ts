import type { Opportunities } from '../port.ts';
import { columnsOf } from '../postgres/opportunities.ts';
import type { Api } from './api.ts';
import { savePage } from './sync-page.ts';

/** The notices. */
export function createOpportunities(api: Api): Opportunities {
  return {
    savePage: (rows, rejects, checkpoint, lease) =>
      savePage(api, 'save_opportunity_page', rows.map(columnsOf), rejects, checkpoint, lease),
    count: () =>
      api.counted(api.tables.from('opportunities').select('notice_id', { count: 'exact', head: true })),
  };
}
