import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { z } from 'zod';

const models = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  NetworkPolicy,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  PrometheusRule,
  Secret,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
};
const kinds = z.looseObject({ kind: z.enum(Object.keys(models)) });

/** The module that declares a kind: where its interface, `I<kind>`, has every field that there is. */
function moduleOf(kind: string): string {
  if (kind === 'PrometheusRule' || kind === 'ServiceMonitor')
    return '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
  if (kind === 'Deployment' || kind === 'StatefulSet') return 'kubernetes-models/apps/v1';
  if (kind === 'HorizontalPodAutoscaler') return 'kubernetes-models/autoscaling/v2';
  if (kind === 'Ingress' || kind === 'NetworkPolicy') return 'kubernetes-models/networking.k8s.io/v1';
  return kind === 'PodDisruptionBudget' ? 'kubernetes-models/policy/v1' : 'kubernetes-models/v1';
}

/** @throws where a value is of the wrong type or a field is missing: what an API server refuses with 422. */
export function validate(raw: unknown): void {
  const { kind } = kinds.parse(raw);
  const Model = Object.entries(models).find(([name]) => name === kind)?.[1];
  if (Model === undefined) throw new Error(`${kind} has no model here.`);
  // The constructors differ in their data; what is wrong with ours is for them to say.
  Reflect.construct(Model, [raw]).validate();
}

const root = join(import.meta.dirname, '../..');

/**
 * Fields that Kubernetes does not know, which the models take and the API server drops with a warning: as literals of the
 * kinds' interfaces they are errors to the compiler. Returns what it says.
 */
export async function unknownFields(manifests: readonly unknown[]): Promise<string[]> {
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, 'node_modules/.cache/manifests-'));
  try {
    const seen = new Set<string>();
    const literals = manifests.map((each, at) => {
      const { kind } = kinds.parse(each);
      seen.add(kind);
      return `export const manifest${at}: I${kind} = ${JSON.stringify(each, undefined, 1)};`;
    });
    const imports = [...seen].map((kind) => `import type { I${kind} } from '${moduleOf(kind)}';`);
    const file = join(folder, 'manifests.ts');
    await writeFile(file, [...imports, ...literals].join('\n'));
    const options = '--noEmit --strict --skipLibCheck --module nodenext --ignoreConfig --types'.split(' ');
    return await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), [...options, '', file], {
      cwd: folder,
    }).then(
      () => [],
      (error: unknown) =>
        z
          .object({ stdout: z.string() })
          .parse(error)
          .stdout.split('\n')
          .filter((line) => line.includes('error')),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
