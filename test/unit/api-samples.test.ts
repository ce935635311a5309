import { expect, it } from 'vitest';
import { sampleOf } from '../../src/http/openapi/page/sample.ts';
import { ApiDocument } from '../support/api-document.ts';

const api = new ApiDocument();
const withBody = [...api.operations].filter(
  ([, { requestBody }]) => requestBody?.content['application/json'],
);

it.each(withBody.map(([name]) => name))('%s: the body that its form begins with fits', (name) => {
  const schema = api.operations.get(name)?.requestBody?.content['application/json']?.schema ?? {};
  expect(api.faultsOfBody(name, sampleOf(schema, api.schemas))).toEqual([]);
});
