import { expect, it } from 'vitest';
import { countEvents } from '../../processors/document/cer/events.ts';
import { blockHtml } from '../../processors/document/cer/html/blocks.ts';
import { element } from '../../processors/document/cer/html/markup.ts';

it('closes the shapes of a chart, which HTML would otherwise nest and not draw', () => {
  const chart = countEvents([{ date: '2025-01-02', type: 'Leak', severity: 'Minor', outcome: 'None' }]);
  const { source } = element('div', {}, blockHtml({ kind: 'chart', chart }));
  for (const shape of ['rect', 'line', 'text'])
    expect(source.split(`</${shape}>`).length, shape).toBe(source.split(`<${shape} `).length);
});
