import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const run = promisify(execFile);
export const repository = join(import.meta.dirname, '../..');
export const chart = join(repository, 'deploy/helm/millrace');
export const example = (name: string) => join(repository, `deploy/helm/examples/${name}.yaml`);

const program = process.env.MILLRACE_HELM ?? 'helm';
/** Helm is no package of its own on npm; `.ci/helm` fetches one. */
export const helmIsHere = await run(program, ['version']).then(
  () => true,
  () => false,
);
if (!helmIsHere)
  console.warn('No Helm on the PATH (or MILLRACE_HELM, see .ci/helm): the chart is not tried.');

export type HelmOutcome = { readonly ok: boolean; readonly said: string };

export async function helm(...args: string[]): Promise<HelmOutcome> {
  return run(program, args, { maxBuffer: 16 * 2 ** 20 }).then(
    ({ stdout, stderr }) => ({ ok: true, said: `${stdout}${stderr}` }),
    (error: unknown) => ({ ok: false, said: z.object({ stderr: z.string() }).parse(error).stderr }),
  );
}

const texts = z.record(z.string(), z.string());
const selector = z.object({ matchLabels: texts });
const port = z.object({ name: z.string(), containerPort: z.number() });
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      secretKeyRef: z.object({ name: z.string(), key: z.string(), optional: z.boolean().optional() }),
    })
    .optional(),
});
const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.unknown().optional(),
  args: z.unknown().optional(),
  env: z.array(variable).default([]),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  ports: z.array(port),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: z.unknown(),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
  securityContext: z.looseObject({ readOnlyRootFilesystem: z.boolean() }),
});
const pod = z.object({
  metadata: z.object({ labels: texts, annotations: texts.optional() }),
  spec: z.object({
    serviceAccountName: z.string().optional(),
    automountServiceAccountToken: z.boolean(),
    terminationGracePeriodSeconds: z.number().optional(),
    securityContext: z.looseObject({ runAsNonRoot: z.boolean(), runAsUser: z.number() }),
    containers: z.tuple([container]),
    volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  }),
});
/** What Deployments and StatefulSets have in common. */
const workload = z.object({ replicas: z.number().optional(), selector, template: pod });

const manifest = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string(), labels: texts, annotations: texts.optional() }),
  data: texts.optional(),
  spec: z.looseObject({}).optional(),
});
export type Manifest = z.infer<typeof manifest>;
export type Workload = z.infer<typeof workload>;
export type Container = z.infer<typeof container>;

/** What a release of the chart is made of. */
export class Rendered {
  readonly manifests: readonly Manifest[];
  /** As Helm wrote them, every field of them. */
  readonly raw: readonly unknown[];

  constructor(text: string) {
    const documents = parseAllDocuments(text);
    const faults = documents.flatMap(({ errors }) => errors);
    if (faults[0] !== undefined) throw faults[0];
    this.raw = documents.map((document): unknown => document.toJS()).filter((each) => each !== null);
    this.manifests = this.raw.map((each) => manifest.parse(each));
  }

  of(kind: string): Manifest[] {
    return this.manifests.filter((each) => each.kind === kind);
  }

  get workloads(): (Workload & { readonly name: string })[] {
    return [...this.of('Deployment'), ...this.of('StatefulSet')].map(({ metadata, spec }) => ({
      ...workload.parse(spec),
      name: metadata.name,
    }));
  }

  /** The container that runs a role of the platform. */
  role(role: 'api' | 'worker' | 'scheduler'): { readonly container: Container; readonly workload: Workload } {
    for (const each of this.workloads) {
      const [first] = each.template.spec.containers;
      if (first.name === role) return { container: first, workload: each };
    }
    throw new Error(`The release has no ${role}.`);
  }

  /** What the process of a role finds in its environment; `secrets` by their keys, for Secrets that are not of the chart. */
  environment(
    role: 'api' | 'worker' | 'scheduler',
    secrets: Readonly<Record<string, string>> = {},
  ): Record<string, string> {
    const { container: own } = this.role(role);
    const found: Record<string, string> = {};
    for (const { configMapRef } of own.envFrom)
      Object.assign(
        found,
        this.of('ConfigMap').find(({ metadata }) => metadata.name === configMapRef.name)?.data,
      );
    for (const { name, value, valueFrom } of own.env) {
      const text = value ?? this.#secret(valueFrom?.secretKeyRef, secrets);
      if (text !== undefined) found[name] = text;
    }
    return found;
  }

  #secret(
    reference: { name: string; key: string; optional?: boolean | undefined } | undefined,
    others: Readonly<Record<string, string>>,
  ): string | undefined {
    if (reference === undefined) return undefined;
    const made = this.of('Secret').find(({ metadata }) => metadata.name === reference.name);
    const encoded = made?.data?.[reference.key];
    const text = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
    const value = text ?? (made === undefined ? others[reference.key] : undefined);
    if (value === undefined && reference.optional !== true)
      throw new Error(`The container would wait for ${reference.key} of the Secret ${reference.name}.`);
    return value;
  }
}

export async function render(...args: string[]): Promise<Rendered> {
  const { ok, said } = await helm('template', 'cer', chart, ...args);
  if (!ok) throw new Error(said);
  return new Rendered(said);
}

/** What `helm install` says at the end. */
export async function notes(...args: string[]): Promise<string> {
  const { ok, said } = await helm('install', 'cer', chart, '--dry-run=client', ...args);
  const [, text] = said.split('\nNOTES:\n');
  if (!ok || text === undefined) throw new Error(said);
  return text;
}

/** Helm with values in a file, as people write them. */
export async function withValues<T>(values: unknown, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-values-'));
  try {
    const file = join(folder, 'values.yaml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(values));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a Secret that the operators made, as docs/deployment.md shows it. */
export const operators = {
  jwt_secret: 'of the operators, with more than thirty-two bytes',
  admin_password: 'of the operators too',
  database_url: 'postgresql://user:pass@db.example.com:5432/millrace',
  redis_url: 'redis://redis.example.com:6379/0',
  aws_access_key: 'AKIAEXAMPLE',
  aws_secret_key: 'secret of S3',
};
