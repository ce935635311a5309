import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The mails' MJML, compiled to the HTML that a worker fills. `layout.mjml` frames each of the others. */
const dir = join(import.meta.dirname, '../processors/email/templates/mjml');
const place = '<!-- body -->';

/**
 * Compiles all templates into the source of a module. Done here and not when a worker starts, since loading MJML takes
 * about as long as everything else that a start does.
 * @throws Error naming the template and what MJML has against it.
 */
export async function compileMailTemplates(): Promise<string> {
  const { default: mjml2html } = await import('mjml');
  const layout = readFileSync(join(dir, 'layout.mjml'), 'utf8');
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.mjml') && name !== 'layout.mjml')
    .sort();
  const entries: string[] = [];
  for (const file of names) {
    const body = readFileSync(join(dir, file), 'utf8');
    const { html, errors } = await mjml2html(
      layout.replace(place, () => body),
      {
        validationLevel: 'strict',
        // Nothing is fetched from elsewhere when a mail is opened.
        fonts: {},
      },
    );
    if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message).join('; ')}`);
    if (/<!--(?:(?!-->).)*\{\{/s.test(html)) throw new Error(`${file}: a value stands within a comment.`);
    entries.push(`  ${key(file.slice(0, -'.mjml'.length))}:\n    ${quote(shrink(html))},\n`);
  }
  return `// Made by \`npm run generate\` from mjml/*.mjml; change those, not this file.\n\n/** HTML of each mail, to be filled. */\nexport const compiled = {\n${entries.join('')}} as const;\n`;
}

/** MJML indents what nobody reads; mail programs clip what is above 102 KB. White space within text stays one space. */
function shrink(html: string): string {
  return html
    .replace(/\s+/g, ' ')
    .replace(/> </g, '><')
    .replace(/ >/g, '>')
    .replace(/(<!\[endif\]-->|-->) /g, '$1')
    .replace(/ (<!--\[if)/g, '$1')
    .trim();
}

function key(name: string): string {
  return /^[a-z]+$/.test(name) ? name : `'${name}'`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
