import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/package.ts';

/** Prints which of these packages the processors and the outbox load before they have any work. */
const program = `
  import { registerHooks } from 'node:module';
  const heavy = new Set();
  let loads = 0;
  registerHooks({
    load(url, context, next) {
      loads += 1;
      const name = /node_modules\\/(pdfkit|fontkit|exceljs|unpdf|nodemailer)\\//.exec(url)?.[1];
      if (name !== undefined) heavy.add(name);
      return next(url, context);
    },
  });
  await import('./processors/index.ts');
  await import('./src/integrations/mail/outbox.ts');
  console.log(JSON.stringify({ loads, heavy: [...heavy] }));
`;

it('loads what draws documents and composes mails with the first of them, so that an idle worker stays small', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: packageRoot,
  });
  const found: unknown = JSON.parse(stdout);
  expect(found).toMatchObject({ heavy: [], loads: expect.toSatisfy((loads: number) => loads > 100) });
});
