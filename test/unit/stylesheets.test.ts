import { lexer, parse, walk } from 'css-tree';
import { describe, expect, it } from 'vitest';
import { consoleStyle } from '../../src/admin/console/style.ts';
import { stylesheet } from '../../src/admin/stylesheet.ts';
import { style as apiPage } from '../../src/http/openapi/page/style.ts';

/** What a browser would leave out of a sheet without a word: rules that it cannot read, and values that it does not know. */
function faults(sheet: string): string[] {
  const found: string[] = [];
  // All our variables are colours, and the lexer judges no declaration that has a variable in it.
  const tree = parse(sheet.replace(/var\(--[a-z-]+\)/g, 'red'), {
    positions: true,
    onParseError: (error) => found.push(error.message),
  });
  walk(tree, {
    visit: 'Declaration',
    enter({ property, value, loc }) {
      if (property.startsWith('--')) return;
      const { error } = lexer.matchProperty(property, value);
      if (error !== null) found.push(`line ${loc?.start.line}, ${property}: ${error.message}`);
    },
  });
  return found;
}

describe('the style sheets of our pages', () => {
  it.each([
    ['of the console', consoleStyle],
    ['of the small pages', stylesheet],
    ['of the API document', apiPage],
  ])('hold nothing that a browser would skip: %s', (_name, sheet) => {
    expect(faults(sheet)).toEqual([]);
  });
});
