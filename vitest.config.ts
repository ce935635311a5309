import { defineConfig } from 'vitest/config';

/** `.ci/run` asks for a report that it can count. */
const report = process.env.MILLRACE_TEST_REPORT;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/servers.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    // Two cores: more workers only make real servers and browsers wait for each other.
    maxWorkers: 2,
    // Deadlines of what hangs, not measures of speed: a loaded machine gets there too.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 40_000 } },
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    coverage: { include: ['config/**', 'queues/**', 'processors/**', 'schedulers/**', 'src/**'] },
  },
});
