import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { helmIsHere, operators, render, withValues } from '../support/chart.ts';

/** The commands of the deployment guide that the chart was made after, word for word but for the chart's name. */
describe.skipIf(!helmIsHere)('the guide', () => {
  const production = {
    postgresql: { enabled: false },
    redis: { enabled: false },
    secrets: { create: false },
    api: {
      replicaCount: 3,
      autoscaling: { minReplicas: 3, maxReplicas: 10 },
      resources: { limits: { cpu: '2000m', memory: '2Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
      ingress: {
        enabled: true,
        annotations: {
          'kubernetes.io/ingress.class': 'nginx',
          'cert-manager.io/cluster-issuer': 'letsencrypt-prod',
        },
        hosts: [{ host: 'cer.trialsage.com', paths: [{ path: '/', pathType: 'Prefix' }] }],
        tls: [{ secretName: 'cer-tls', hosts: ['cer.trialsage.com'] }],
      },
    },
    worker: {
      replicaCount: 5,
      autoscaling: { minReplicas: 5, maxReplicas: 20 },
      resources: { limits: { cpu: '4000m', memory: '4Gi' }, requests: { cpu: '1000m', memory: '2Gi' } },
    },
    storage: { persistentVolume: { size: '50Gi', storageClass: 'standard' } },
  };
  const sets = (...pairs: string[]) => pairs.flatMap((pair) => ['--set', pair]);

  test('starts quickly with the bundled stores', async () => {
    const release = await render(
      ...sets('postgresql.enabled=true', 'postgresql.auth.password=strong pass/word', 'redis.enabled=true'),
    );
    const { database, backend } = loadConfig(release.environment('worker'));
    expect(decodeURIComponent(new URL(database.url ?? '').password)).toBe('strong pass/word');
    expect(backend.redisUrl).toBe('redis://cer-millrace-redis:6379');
    const hosts = release.of('Service').map(({ metadata }) => metadata.name);
    expect(hosts).toContain('cer-millrace-redis');
    expect(hosts).toContain(new URL(database.url ?? '').hostname);
    expect(release.of('PersistentVolumeClaim')[0]?.spec?.accessModes).toEqual(['ReadWriteOnce']);
  });

  test('goes to production with stores and secrets of its own', async () => {
    const options = sets(
      'postgresql.enabled=false',
      'redis.enabled=false',
      'secrets.create=false',
      'api.replicaCount=3',
      'worker.replicaCount=5',
      'storage.persistentVolume.size=50Gi',
      'api.ingress.enabled=true',
      'api.ingress.hosts[0].host=cer.trialsage.com',
      'api.ingress.hosts[0].paths[0].path=/',
    );
    const byOptions = await render(...options, '--namespace', 'trialsage-cer');
    const byFile = await withValues(production, (file) => render('--values', file));
    for (const release of [byOptions, byFile]) {
      expect(release.of('Secret')).toEqual([]);
      expect(release.of('StatefulSet')).toEqual([]);
      // The Secret that the guide makes, and its keys.
      const references = release.role('api').container.env.map(({ valueFrom }) => valueFrom?.secretKeyRef);
      for (const key of ['jwt_secret', 'database_url', 'redis_url', 'openai_api_key'])
        expect(references).toContainEqual(expect.objectContaining({ name: 'cer-secrets', key }));
      const least = release.of('HorizontalPodAutoscaler').map(({ spec }) => spec?.minReplicas);
      expect(least).toEqual([3, 5]);
      expect(release.of('PersistentVolumeClaim')[0]?.spec).toMatchObject({
        accessModes: ['ReadWriteMany'],
        resources: { requests: { storage: '50Gi' } },
      });
      expect(loadConfig(release.environment('api', operators)).http.appUrl).toMatch(
        /^https?:\/\/cer\.trialsage\.com$/,
      );
    }
  });

  test('develops with one of each, not scaled, and with a talkative log', async () => {
    const release = await render(
      ...sets(
        'postgresql.enabled=true',
        'postgresql.auth.password=devpassword',
        'redis.enabled=true',
        'api.replicaCount=1',
        'api.autoscaling.enabled=false',
        'worker.replicaCount=1',
        'worker.autoscaling.enabled=false',
        'configMaps.app.data.LOG_LEVEL=debug',
      ),
    );
    expect(release.of('HorizontalPodAutoscaler')).toEqual([]);
    expect(release.role('api').workload.replicas).toBe(1);
    expect(release.role('worker').workload.replicas).toBe(1);
    expect(loadConfig(release.environment('worker')).logLevel).toBe('debug');
  });
});
