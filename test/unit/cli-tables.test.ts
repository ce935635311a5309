import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { table } from '../../src/cli/tables.ts';
import { onInterrupt } from '../../src/cli/terminal.ts';

const head = ['NAME', 'STATE', 'ERROR'];
const rows = [
  ['email', 'on', 'The provider answered 503 for the third time today.'],
  ['story-enhancement', 'paused', ''],
];
const at = (columns: number) => table(head, rows, { isTTY: true, columns });

describe('a table of the command line', () => {
  it('is whole in a pipe, however wide, and at a terminal with room', () => {
    const whole = table(head, rows, {});
    expect(whole.split('\n')).toEqual([
      'NAME               STATE   ERROR',
      'email              on      The provider answered 503 for the third time today.',
      'story-enhancement  paused',
    ]);
    expect(table(head, rows, { isTTY: false, columns: 20 })).toBe(whole);
    expect(at(120)).toBe(whole);
  });

  it('has its last column cut where the terminal is narrower', () => {
    expect(at(45).split('\n')).toEqual([
      'NAME               STATE   ERROR',
      'email              on      The provider answ…',
      'story-enhancement  paused',
    ]);
  });

  it('is cards where that leaves no room, with no cell that is empty', () => {
    expect(at(38)).toBe(
      [
        'NAME   email',
        'STATE  on',
        'ERROR  The provider answered 503 for the third time today.',
        '',
        'NAME   story-enhancement',
        'STATE  paused',
      ].join('\n'),
    );
  });

  it('never breaks a line that is none of a card', () => {
    const cells = fc.array(fc.tuple(fc.string(), fc.string(), fc.string()), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: 200 }), (some, columns) => {
        const lines = table(head, some, { isTTY: true, columns }).split('\n');
        const asTable = lines[0]?.startsWith('NAME') === true && lines[0].includes('ERROR');
        return !asTable || lines.every((line) => line.length <= columns);
      }),
    );
  });
});

it('says what goes on when Ctrl-C ends a command that watches, until that is undone', () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`ends with ${code}`);
  });
  onTestFinished(() => {
    for (const spy of [write, exit]) spy.mockRestore();
  });
  const before = process.listeners('SIGINT');
  const undo = onInterrupt('The job goes on.');
  const [own] = process.listeners('SIGINT').filter((listener) => !before.includes(listener));
  expect(() => own?.('SIGINT')).toThrow('ends with 130');
  expect(said).toEqual(['\nThe job goes on.\n']);
  undo();
  expect(process.listeners('SIGINT')).toEqual(before);
});
