import { describeApi } from '../src/http/openapi/index.ts';
import { type ApiServices, apiRoutes } from '../src/http/routes/api.ts';

/** Stands for whatever a route is given: to be described it calls none of it. */
const nothing: ApiServices = new Proxy(Object.create(null), { get: () => nothing });

/** The document that a platform with everything set up serves. */
export function apiDocument(): string {
  return `${JSON.stringify(describeApi(apiRoutes(nothing)), undefined, 2)}\n`;
}
