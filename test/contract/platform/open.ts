import { afterEach } from 'vitest';
import type { Backend } from '../../../src/backend/port.ts';
import { openPlatform, type Platform, type PlatformOptions } from '../../support/platform.ts';

export interface BackendWorld {
  /** A store with queues that nobody else uses. */
  open(): Promise<Backend>;
  close(): Promise<void>;
}

export type OpenWorld = () => Promise<BackendWorld>;

export const welcome = {
  type: 'welcome',
  data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
} as const;

/** What its processor answers. */
export const sent = { status: 'sent', provider: 'test' };

export interface UsedPlatform {
  /** Opens the test's platform, in a world of its own; both are closed after the test. */
  open(options?: Omit<PlatformOptions, 'backend'>): Promise<Platform>;
  readonly platform: Platform;
  readonly world: BackendWorld;
}

export function usePlatform(openWorld: OpenWorld): UsedPlatform {
  let world: BackendWorld;
  let platform: Platform;
  afterEach(async () => {
    await platform.close();
    await world.close();
  });
  return {
    async open(options = {}) {
      world = await openWorld();
      platform = await openPlatform({ backend: await world.open(), ...options });
      return platform;
    },
    get platform() {
      return platform;
    },
    get world() {
      return world;
    },
  };
}
