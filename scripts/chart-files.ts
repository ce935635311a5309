import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { groups, type Variable } from '../config/schema.ts';
import { queueNames } from '../queues/index.ts';

const root = join(import.meta.dirname, '..');

/** What the chart says itself, from its other values or from where a container is. */
const ofTheChart = new Set([
  'NODE_ENV',
  'ROLE',
  'PORT',
  'HOST',
  'METRICS_PORT',
  'TRUST_PROXY',
  'DATA_DIR',
  'QUEUE_BACKEND',
  'WORKER_ID',
]);

const variables: readonly (readonly [string, Variable])[] = Object.values(groups).flatMap(
  (group): [string, Variable][] => Object.entries(group),
);
const secrets = variables.filter(([, { secret }]) => secret === true);

/** The secret variables; the chart's templates read it, since Helm sees nothing outside of the chart. */
export function chartSecrets(): string {
  return `${JSON.stringify(
    secrets.map(([name]) => name),
    undefined,
    2,
  )}\n`;
}

export function chartAlerts(): Promise<string> {
  return readFile(join(root, 'deploy/prometheus/alerts.yml'), 'utf8');
}

const schemaFile = z.looseObject({ $defs: z.looseObject({}) });

/** The schema of the chart's values is written by hand, but for the names of variables. */
export async function chartSchema(): Promise<string> {
  const path = join(root, 'deploy/helm/millrace/values.schema.json');
  const schema = schemaFile.parse(JSON.parse(await readFile(path, 'utf8')));
  const settings = variables
    .filter(([name, { secret }]) => secret !== true && !ofTheChart.has(name))
    .map(([name, { description, schema: own }]) => [name, { description, ...valuesOf(own) }]);
  for (const queue of queueNames) {
    const name = `QUEUE_${queue.toUpperCase().replaceAll('-', '_')}_CONCURRENCY`;
    settings.push([name, { description: `Jobs of ${queue} at once`, type: ['string', 'integer'] }]);
  }
  schema.$defs.settings = closed(settings);
  schema.$defs.secrets = closed(
    secrets.map(([name, { description }]) => [name.toLowerCase(), { description, type: 'string' }]),
  );
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function closed(properties: unknown[][]) {
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}

/** A list of words is one in the schema, too; the rest is checked by the platform when it starts. */
function valuesOf(schema: z.ZodType) {
  const { enum: words } = z
    .object({ enum: z.array(z.string()).optional() })
    .parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  if (words === undefined) return { type: ['string', 'number', 'boolean'] };
  return {
    enum: words.flatMap((word) => (word === 'true' || word === 'false' ? [word, word === 'true'] : word)),
  };
}
