import { describe } from 'vitest';
import { addingSuite } from './platform/adding.ts';
import { failingSuite } from './platform/failing.ts';
import type { OpenWorld } from './platform/open.ts';
import { runningSuite } from './platform/running.ts';

/** What the platform promises, whatever store is beneath it. */
export function platformSuite(kind: string, openWorld: OpenWorld): void {
  describe(`the platform on ${kind}`, () => {
    describe('jobs that are added', () => addingSuite(openWorld));
    describe('jobs that run', () => runningSuite(openWorld));
    describe('jobs that fail', () => failingSuite(openWorld));
  });
}
