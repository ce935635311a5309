import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { loadConfig } from '../../../config/index.ts';
import { columns, print } from '../terminal.ts';

/** `millrace mails preview`: every mail with sample data, as HTML and text. */
export function mailsCommand(): Command {
  const command = new Command('mails').description('Shows the mails that are sent.');
  command
    .command('preview')
    .description('Writes every mail with sample data as HTML and text.')
    .argument('[folder]', 'where to; DATA_DIR/mails when absent')
    .option('--json', 'answer as JSON')
    .addHelpText('after', '\nExample:\n  $ millrace mails preview /tmp/mails')
    .action(preview);
  return command;
}

async function preview(folder: string | undefined, { json }: { readonly json?: true }): Promise<void> {
  const { mailPreviews } = await import('../../../processors/email/previews.ts');
  const config = loadConfig();
  const dir = resolve(folder ?? join(config.dataDir, 'mails'));
  await mkdir(dir, { recursive: true });
  const written: { readonly subject: string; readonly html: string; readonly text: string }[] = [];
  for (const { name, render } of mailPreviews(config.http.appUrl)) {
    const mail = render();
    const paths = { html: join(dir, `${name}.html`), text: join(dir, `${name}.txt`) };
    await writeFile(paths.html, mail.html);
    await writeFile(paths.text, `Subject: ${mail.subject}\n\n${mail.text}`);
    written.push({ subject: mail.subject, ...paths });
  }
  print(
    json === true ? JSON.stringify(written) : columns(written.map(({ html, subject }) => [html, subject])),
  );
}
