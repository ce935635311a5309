import type { Analytics } from '../port.ts';
import { texts } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** The aggregates, as materialized views that are refreshed beside their readers. */
export function createAnalytics(api: Api): Analytics {
  return {
    async refresh(scope) {
      return texts({ names: await api.call('refresh_analytics', { p_scope: scope }) }, 'names');
    },
  };
}
