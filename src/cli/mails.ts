import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import { mailPreviews } from '../../processors/email/previews.ts';
import { messageOf } from '../errors/classify.ts';

/** `npm run mails [-- <folder>]`: writes every mail with sample data as HTML and text, `DATA_DIR/mails` unless told otherwise. */
async function main(): Promise<void> {
  const config = loadConfig();
  const dir = resolve(process.argv[2] ?? join(config.dataDir, 'mails'));
  await mkdir(dir, { recursive: true });
  for (const { name, render } of mailPreviews(config.http.appUrl)) {
    const { subject, html, text } = render();
    await writeFile(join(dir, `${name}.html`), html);
    await writeFile(join(dir, `${name}.txt`), `Subject: ${subject}\n\n${text}`);
    console.log(`${join(dir, `${name}.html`)}  ${subject}`);
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
