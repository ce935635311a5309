import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../config/index.ts';
import { groups, type Variable } from '../../config/schema.ts';
import {
  chart,
  example,
  helm,
  helmIsHere,
  operators,
  type Rendered,
  render,
  repository,
  withValues,
} from '../support/chart.ts';
import { unknownFields, validate } from '../support/kubernetes-schema.ts';

const roles = ['api', 'worker', 'scheduler'] as const;
const variables = Object.values(groups).flatMap((group): [string, Variable][] => Object.entries(group));
const secrets = variables.filter(([, { secret }]) => secret === true).map(([name]) => name);
const read = (path: string) => readFile(join(repository, path), 'utf8');

/** All that can be switched on at once. */
const everything = {
  configMaps: { app: { data: { LOG_LEVEL: 'debug', SHUTDOWN_TIMEOUT: 90_000 } } },
  api: {
    ingress: {
      enabled: true,
      className: 'nginx',
      annotations: { 'example.com/note': 'yes' },
      hosts: [{ host: 'jobs.example.com', paths: [{ path: '/' }, { path: '/x', pathType: 'Exact' }] }],
      tls: [{ secretName: 'jobs-tls', hosts: ['jobs.example.com'] }],
    },
    service: { annotations: { 'example.com/service': 'yes' } },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    nodeSelector: { disk: 'ssd' },
    podAnnotations: { 'example.com/pod': 'yes' },
    podLabels: { team: 'mill' },
  },
  worker: {
    env: { CONCURRENCY: 3, QUEUE_EMAIL_CONCURRENCY: '20', WORKER_PROCESSES: 2 },
    autoscaling: {
      metrics: [
        {
          type: 'External',
          external: {
            metric: { name: 'worker_queue_oldest_waiting_seconds' },
            target: { type: 'Value', value: '60' },
          },
        },
      ],
    },
    affinity: { nodeAffinity: {} },
  },
  scheduler: { replicaCount: 2 },
  imagePullSecrets: [{ name: 'registry' }],
  image: { repository: 'registry.example.com/millrace', tag: 'next' },
  storage: { persistentVolume: { storageClass: 'fast', accessModes: ['ReadWriteMany'] } },
  serviceAccount: { annotations: { 'example.com/role': 'yes' } },
  metrics: {
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
  },
  networkPolicy: {
    enabled: true,
    apiFrom: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
  },
  postgresql: { storageClass: 'fast' },
  redis: { storageClass: 'fast' },
  secrets: { data: Object.fromEntries(secrets.map((name) => [name.toLowerCase(), `held-${name}-secret`])) },
};
// The bundled stores have addresses of their own.
const { database_url: _1, redis_url: _2, redis_password: _3, ...heldSecrets } = everything.secrets.data;
everything.secrets.data = heldSecrets;

const files = {
  default: [],
  development: ['--values', example('development')],
  production: ['--values', example('production')],
  staging: ['--values', example('production'), '--values', example('staging')],
} as const;

describe.skipIf(!helmIsHere)('the chart', () => {
  const rendered: Record<string, Rendered> = {};
  const of = (name: string): Rendered => {
    const found = rendered[name];
    if (found === undefined) throw new Error(`${name} was not rendered.`);
    return found;
  };
  beforeAll(async () => {
    for (const [name, args] of Object.entries(files)) rendered[name] = await render(...args);
    rendered.everything = await withValues(everything, (file) => render('--values', file));
    rendered.postgres = await render('--set', 'queue.backend=postgres');
  });
  const all = () => Object.entries(rendered);

  test('has nothing that helm lint would say, with each of the values', async () => {
    for (const args of [...Object.values(files)])
      expect(await helm('lint', '--strict', '--quiet', chart, ...args)).toMatchObject({ ok: true });
    const linted = await withValues(everything, (file) => helm('lint', '--strict', chart, '--values', file));
    expect(linted).toMatchObject({ ok: true });
  });

  test('makes what Kubernetes takes: types, required fields, and no field that it does not know', async () => {
    const raw = all().flatMap(([, { raw: each }]) => each);
    expect(raw.length).toBeGreaterThan(80);
    for (const each of raw) validate(each);
    expect(await unknownFields(raw)).toEqual([]);
    const kinds = new Set(of('everything').manifests.map(({ kind }) => kind));
    expect(kinds.size).toBe(13);
  });

  test('would be found out otherwise', async () => {
    const labels = { a: 'b' };
    const deployment = (extra: object, ofContainer: object = {}) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b', ...ofContainer }] } },
        ...extra,
      },
    });
    const said = await unknownFields([
      deployment({ replcas: 3 }),
      deployment({}, { prots: [] }),
      deployment({}),
    ]);
    expect(said).toEqual([expect.stringContaining('replcas'), expect.stringContaining('prots')]);
    expect(() => validate(deployment({}))).not.toThrow();
    expect(() => validate(deployment({ replicas: 'three' }))).toThrow();
    expect(() => validate(deployment({ selector: undefined }))).toThrow();
  });

  test('sets only variables that there are, and the platform takes them, in every role', () => {
    const known = new Set(variables.map(([name]) => name));
    for (const [name, release] of all()) {
      for (const role of roles) {
        const environment = release.environment(role, operators);
        const unknown = Object.keys(environment).filter(
          (each) => !known.has(each) && !/^QUEUE_.*_CONCURRENCY$/.test(each),
        );
        expect(unknown, `${name}, ${role}`).toEqual([]);
        if (name === 'everything') continue;
        const config = loadConfig(environment);
        expect(config, `${name}, ${role}`).toMatchObject({
          production: true,
          roles: [role],
          dataDir: '/data',
          http: { port: 8500, metricsPort: 9090 },
        });
        expect(config.backend.kind, name).toBe(name === 'postgres' ? 'postgres' : 'redis');
        expect(config.database.url, name).toMatch(/^postgresql:/);
      }
    }
  });

  test('lets no container start without what the platform cannot do without', () => {
    const neededBy = (release: Rendered, role: (typeof roles)[number]) =>
      release
        .role(role)
        .container.env.flatMap(({ name, valueFrom }) =>
          valueFrom === undefined || valueFrom.secretKeyRef.optional === true ? [] : [name],
        )
        .sort();
    const production = of('production');
    expect(neededBy(production, 'api')).toEqual([
      'ADMIN_PASSWORD',
      'DATABASE_URL',
      'JWT_SECRET',
      'REDIS_URL',
    ]);
    expect(neededBy(production, 'worker')).toEqual(['DATABASE_URL', 'JWT_SECRET', 'REDIS_URL']);
    for (const missing of ['jwt_secret', 'database_url', 'redis_url'] as const) {
      const { [missing]: _, ...rest } = operators;
      expect(() => production.environment('worker', rest)).toThrow(`would wait for ${missing}`);
    }
  });

  test('gives every secret of the configuration by reference, and puts none into a ConfigMap', () => {
    const release = of('production');
    expect(
      release.role('api').container.env.flatMap(({ name, valueFrom }) => (valueFrom ? [name] : [])),
    ).toEqual(secrets);
    // Its administrators' secrets are the API's alone.
    const ofWorkers = release.role('worker').container.env.map(({ name }) => name);
    expect(ofWorkers).not.toContain('ADMIN_PASSWORD');
    expect(ofWorkers).toContain('OPENAI_API_KEY');

    const held = of('everything');
    const [own] = held.of('Secret').filter(({ metadata }) => metadata.name === 'cer-secrets');
    for (const [key, value] of Object.entries(heldSecrets)) {
      expect(Buffer.from(own?.data?.[key] ?? '', 'base64').toString()).toBe(value);
      const encoded = Buffer.from(value).toString('base64');
      const elsewhere = held.manifests
        .filter(({ kind }) => kind !== 'Secret')
        .filter((each) => JSON.stringify(each).includes(value) || JSON.stringify(each).includes(encoded));
      expect(elsewhere).toEqual([]);
    }
    for (const [, each] of all())
      for (const { data = {} } of each.of('ConfigMap'))
        expect(Object.keys(data).filter((name) => secrets.includes(name))).toEqual([]);
  });

  test('keeps numbers as they were written', async () => {
    const values = {
      configMaps: { app: { data: { OPENAI_DAILY_TOKEN_LIMIT: 12_000_000, SENTRY_TRACES_SAMPLE_RATE: 0.1 } } },
    };
    const release = await withValues(values, (file) => render('--values', file));
    expect(release.of('ConfigMap')[0]?.data).toMatchObject({
      OPENAI_DAILY_TOKEN_LIMIT: '12000000',
      SENTRY_TRACES_SAMPLE_RATE: '0.1',
    });
  });

  test('names ports, selectors and claims that are there', () => {
    for (const [name, release] of all()) {
      const pods = release.workloads.map(({ template }) => template);
      const chosen = (labels: Readonly<Record<string, string>>) =>
        pods.filter(({ metadata }) =>
          Object.entries(labels).every(([key, value]) => metadata.labels[key] === value),
        );
      const portsOf = (each: (typeof pods)[number]) => each.spec.containers[0].ports.map((port) => port.name);
      for (const { selector, template } of release.workloads)
        expect(chosen(selector.matchLabels), name).toEqual([template]);
      const counts = { 'cer-millrace': 1, 'cer-millrace-metrics': 3 } as Readonly<Record<string, number>>;
      for (const { metadata, spec } of release.of('Service')) {
        const { selector, ports } = service.parse(spec);
        const found = chosen(selector);
        expect(found, `${name}, ${metadata.name}`).toHaveLength(counts[metadata.name] ?? 1);
        for (const { targetPort } of ports)
          for (const each of found) expect(portsOf(each), metadata.name).toContain(targetPort);
      }
      for (const { spec } of release.of('NetworkPolicy')) {
        const { podSelector, ingress } = policy.parse(spec);
        const found = chosen(podSelector.matchLabels);
        expect(found).toHaveLength(1);
        for (const { port } of ingress.flatMap(({ ports }) => ports))
          expect(found.flatMap(portsOf)).toContain(port);
      }
      for (const { spec } of release.of('PodDisruptionBudget'))
        expect(chosen(budget.parse(spec).selector.matchLabels)).toHaveLength(1);
      for (const { spec } of release.of('HorizontalPodAutoscaler')) {
        const target = release.workloads.find(
          (each) => each.name === autoscaler.parse(spec).scaleTargetRef.name,
        );
        // Otherwise each upgrade would set back what it has scaled.
        expect(target?.replicas).toBeUndefined();
      }
      for (const { metadata, spec } of release.of('Ingress')) {
        const services = [
          ...JSON.stringify(spec).matchAll(/"service":{"name":"([^"]+)","port":{"name":"http"}/g),
        ];
        expect(services.length).toBeGreaterThan(0);
        for (const [, to] of services) expect(to).toBe(metadata.name);
      }
      const claims = release.of('PersistentVolumeClaim').map(({ metadata }) => metadata.name);
      const mounted = [...JSON.stringify(release.of('Deployment')).matchAll(/"claimName":"([^"]+)"/g)];
      expect([...new Set(mounted.map(([, claim]) => claim))]).toEqual(claims);
      for (const { spec } of release.of('ServiceMonitor')) {
        const labels = Object.entries(budget.parse(spec).selector.matchLabels);
        const monitored = release
          .of('Service')
          .filter(({ metadata }) => labels.every(([key, value]) => metadata.labels[key] === value));
        expect(monitored.map(({ metadata }) => metadata.name)).toEqual(['cer-millrace-metrics']);
      }
    }
  });

  test('runs as a user without rights, on a disk that it cannot write to but where the platform does', () => {
    for (const [name, release] of all()) {
      for (const { template, name: workload } of release.workloads) {
        const { spec } = template;
        const [container] = spec.containers;
        expect(spec, `${name}, ${workload}`).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
        expect(mounts).toContain('/tmp');
        const volumes = spec.volumes.map((volume) => volume.name);
        if (!workload.includes('postgresql') && !workload.includes('redis')) {
          expect(mounts).toContain('/data');
          for (const mount of container.volumeMounts) expect(volumes).toContain(mount.name);
        }
      }
    }
  });

  test('agrees with the image: its user, its folder, its ports, and its own command', async () => {
    const dockerfile = await read('Dockerfile');
    // `node` of the official image is 1000.
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/DATA_DIR=\/data$/m);
    const exposed = /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number);
    for (const role of roles) {
      const { container, workload } = of('default').role(role);
      expect(workload.template.spec.securityContext.runAsUser).toBe(1000);
      for (const { containerPort } of container.ports) expect(exposed).toContain(containerPort);
      expect({ command: container.command, args: container.args }).toEqual({});
    }
    const manifest = z.object({ version: z.string() }).parse(JSON.parse(await read('package.json')));
    const about = parse(await read('deploy/helm/millrace/Chart.yaml'));
    expect(about).toMatchObject({ version: manifest.version, appVersion: manifest.version });
  });

  test('gives a drain more time than it may take', async () => {
    const grace = (release: Rendered) =>
      release.role('worker').workload.template.spec.terminationGracePeriodSeconds;
    expect(grace(of('default'))).toBe(65);
    expect(grace(of('everything'))).toBe(125);
    const tight = ['--set', 'terminationGracePeriodSeconds=35'];
    expect(await helm('template', 'cer', chart, ...tight)).toMatchObject({
      ok: false,
      said: expect.stringContaining('must be more than preStopSeconds and SHUTDOWN_TIMEOUT together'),
    });
    expect(grace(await render('--set', 'terminationGracePeriodSeconds=36'))).toBe(36);
  });

  test('writes the alerts of deploy/prometheus, and the metrics keep their own labels', async () => {
    const [rule] = of('everything').of('PrometheusRule');
    expect(rule?.spec).toEqual(parse(await read('deploy/prometheus/alerts.yml')));
    const [monitor] = of('everything').of('ServiceMonitor');
    expect(monitor?.spec?.endpoints).toMatchObject([
      { honorLabels: true, relabelings: [{ targetLabel: 'job', replacement: 'millrace' }] },
    ]);
  });

  test('refuses what it does not know, and what cannot be meant, in words', async () => {
    const refusals: readonly (readonly [string, string])[] = [
      ['api.replicas=3', "at '/api': additional properties 'replicas' not allowed"],
      ['worker.env.CONCURENCY=3', "at '/worker/env': additional properties 'CONCURENCY' not allowed"],
      ['configMaps.app.data.OPENAI_API_KEY=x', "'OPENAI_API_KEY' not allowed"],
      ['configMaps.app.data.ROLE=api', "'ROLE' not allowed"],
      ['configMaps.app.data.LOG_LEVEL=verbose', "value must be one of 'fatal', 'error', 'warn'"],
      ['secrets.data.OPENAI_API_KEY=x', "'OPENAI_API_KEY' not allowed"],
      ['queue.backend=kafka', "value must be one of 'redis', 'postgres'"],
      ['image.pullPolicy=Sometimes', "at '/image/pullPolicy'"],
      ['storage.persistentVolume.size=lots', "at '/storage/persistentVolume/size'"],
      ['api.ingress.enabled=true', "at '/api/ingress/hosts': minItems"],
      ['postgresql.enabled=false', 'no database: set secrets.data.database_url'],
      ['redis.enabled=false', 'no Redis: set secrets.data.redis_url'],
      ['secrets.data.database_url=postgresql://a/b', 'beside the bundled PostgreSQL'],
      ['secrets.data.redis_url=redis://a', 'another Redis is set beside the bundled one'],
      ['secrets.create=false,secrets.data.jwt_secret=x', 'secrets.data is set, but secrets.create is false'],
      ['storage.persistentVolume.enabled=false', 'files would be lost with their pod'],
      ['worker.replicaCount=30', 'worker.autoscaling.maxReplicas is 20, which is less than the 30'],
    ];
    for (const [set, words] of refusals)
      expect(await helm('template', 'cer', chart, '--set', set), set).toEqual({
        ok: false,
        said: expect.stringContaining(words),
      });
  });

  test('can be upgraded: nothing by which a release is found depends on its values', () => {
    const identity = (release: Rendered) =>
      release.workloads.map(({ name, selector }) => ({ name, selector: selector.matchLabels }));
    expect(identity(of('everything'))).toEqual(identity(of('default')));
    expect(identity(of('production'))).toEqual(
      identity(of('default')).filter(({ name }) => !/(postgresql|redis)$/.test(name)),
    );
    for (const { selector } of identity(of('default')))
      expect(Object.keys(selector).filter((key) => /version|chart/.test(key))).toEqual([]);
  });

  test('starts pods anew when settings change, and only then', async () => {
    const checksums = (release: Rendered) =>
      release.workloads.map(({ template }) => template.metadata.annotations?.['checksum/settings']);
    expect(checksums(await render())).toEqual(checksums(of('default')));
    expect(checksums(of('everything'))).not.toEqual(checksums(of('default')));
  });

  test('takes the links of mails from the Ingress, and believes its X-Forwarded-* alone', async () => {
    expect(loadConfig(of('production').environment('api', operators)).http).toMatchObject({
      appUrl: 'https://millrace.example.com',
      trustProxy: 'loopback,uniquelocal',
    });
    expect(loadConfig(of('default').environment('api')).http.trustProxy).toBe('loopback');
  });
});

const service = z.object({
  selector: z.record(z.string(), z.string()),
  ports: z.array(z.object({ targetPort: z.string() })),
});
const budget = z.object({ selector: z.object({ matchLabels: z.record(z.string(), z.string()) }) });
const policy = z.object({
  podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  ingress: z.array(z.object({ ports: z.array(z.object({ port: z.string() })) })),
});
const autoscaler = z.object({ scaleTargetRef: z.object({ name: z.string() }) });
