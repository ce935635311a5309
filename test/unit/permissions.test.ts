import { describe, expect, it } from 'vitest';
import { may, permissionNames, roles } from '../../src/access/roles.ts';

const changing = /\.(add|change|try|manage)$/;

describe('permissions', () => {
  it('are all an admin’s', () => {
    expect(permissionNames.filter((name) => !may('admin', name))).toEqual([]);
  });

  it('let a viewer see what an operator sees, and change nothing', () => {
    const seeing = permissionNames.filter((name) => !changing.test(name));
    expect(seeing.filter((name) => may('viewer', name))).toEqual(
      seeing.filter((name) => may('operator', name)),
    );
    expect(permissionNames.filter((name) => changing.test(name) && may('viewer', name))).toEqual([]);
  });

  it('keep personal data, the audit log and tokens to admins', () => {
    for (const name of ['jobs.reveal', 'audit.read', 'tokens.manage'] as const)
      expect(roles.filter((role) => may(role, name))).toEqual(['admin']);
  });

  it('let a producer in by the API alone, to its own jobs', () => {
    expect(permissionNames.filter((name) => may('producer', name))).toEqual([
      'jobs.add',
      'jobs.read-own',
      'stories.read-own',
      'stories.change',
      'documents.read-own',
      'cer-reports.add',
      'cer-reports.read-own',
      'conversions.add',
      'conversions.read-own',
    ]);
  });
});
