import { describe, expect, test } from 'vitest';
import { InvalidPayloadError, MillraceError } from '../../src/errors/catalogue.ts';
import { prepareAll } from '../../src/queue/bulk.ts';

const prepare = (item: string) => {
  if (item === 'wrong') throw new InvalidPayloadError('q', 'j', [{ path: 'data.email', message: 'must be' }]);
  if (item === 'none')
    throw new InvalidPayloadError('q', 'j', [{ path: '(root)', message: 'must be given' }]);
  if (item === 'option') {
    throw new MillraceError('INVALID_OPTIONS', 'no', { details: [{ path: 'delay', message: 'must be 0' }] });
  }
  if (item === 'unknown') throw new MillraceError('UNKNOWN_JOB', 'There is no such job.');
  if (item === 'defect') throw new Error('a defect');
  return item.toUpperCase();
};

describe('preparing many', () => {
  test('gives all in their order', () => {
    expect(prepareAll(['a', 'b'], prepare)).toEqual(['A', 'B']);
    expect(prepareAll([], prepare)).toEqual([]);
  });

  test('tells the faults of all, each under its index', () => {
    expect(() => prepareAll(['a', 'wrong', 'b', 'none', 'option'], prepare)).toThrow(
      expect.objectContaining({
        code: 'INVALID_PAYLOAD',
        message: 'Nothing was added. [1].data.email: must be; [3]: must be given; [4].delay: must be 0',
        details: [
          { path: '[1].data.email', message: 'must be' },
          { path: '[3]', message: 'must be given' },
          { path: '[4].delay', message: 'must be 0' },
        ],
      }),
    );
  });

  test('says of a fault that is no field at which item it was', () => {
    expect(() => prepareAll(['a', 'unknown', 'wrong'], prepare)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_JOB',
        details: [{ path: '[1]', message: 'There is no such job.' }],
      }),
    );
  });

  test('tells no more than a hundred', () => {
    const all = Array.from({ length: 1_000 }, () => 'wrong');
    expect(() => prepareAll(all, prepare)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ length: 100 }) }),
    );
  });

  test('takes a defect for no fault of the caller', () => {
    expect(() => prepareAll(['wrong', 'defect'], prepare)).toThrow('a defect');
  });
});
