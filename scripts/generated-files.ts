import { schedules } from '../config/schedules.ts';
import { groups, type Variable } from '../config/schema.ts';
import { queues } from '../queues/index.ts';
import { auditActions } from '../src/access/audit-actions.ts';
import { may, permissionNames, permissions, roles } from '../src/access/roles.ts';
import { catalogue } from '../src/errors/catalogue.ts';
import { apiDocument } from './api-document.ts';
import { chartAlerts, chartSchema, chartSecrets } from './chart-files.ts';
import { cliDocument } from './cli-document.ts';
import { compileMailTemplates } from './mail-templates.ts';

/** Files that follow from the code, by path. `npm run generate` writes them, `npm run check` compares them. */
export const generatedFiles: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': envExample,
  'deploy/helm/millrace/files/alerts.yml': chartAlerts,
  'deploy/helm/millrace/files/secrets.json': chartSecrets,
  'deploy/helm/millrace/values.schema.json': chartSchema,
  'docs/cli.md': () => cliDocument(note),
  'docs/configuration.md': configuration,
  'docs/errors.md': errors,
  'docs/jobs.md': jobs,
  'docs/openapi.json': apiDocument,
  'docs/permissions.md': permissionTables,
  'processors/email/templates/compiled.ts': compileMailTemplates,
};

const note = '<!-- Made by `npm run generate`; change the table in the code, not this file. -->';

function variables(group: Readonly<Record<string, Variable>>): [string, Variable][] {
  return Object.entries(group);
}

function envExample(): string {
  const sections = Object.entries(groups).map(([title, group]) => {
    const lines = variables(group).map(([name, { description, default: preset, derived, planned }]) => {
      const when = planned === true ? ' (not used by this version yet)' : '';
      const otherwise = preset === undefined && derived !== undefined ? `; otherwise ${derived}` : '';
      return `# ${plain(description)}${plain(otherwise)}${when}\n#${name}=${preset ?? ''}`;
    });
    return `# ---- ${title}\n${lines.join('\n')}`;
  });
  const head =
    '# Every variable, with its default. Copy to .env and take away the # of what you set.\n# Empty means not set. Made by `npm run generate`.';
  return `${head}\n\n${sections.join('\n\n')}\n`;
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

function configuration(): string {
  const sections = Object.entries(groups).map(([title, group]) => {
    const rows = variables(group).map(([name, about]) => {
      const preset = about.default === undefined ? (about.derived ?? '') : `\`${about.default}\``;
      const notes = [
        about.description,
        about.secret === true ? 'Secret.' : '',
        about.planned === true ? '*Checked, not used by this version yet.*' : '',
      ];
      return `| \`${name}\` | ${notes.filter(Boolean).join('. ').replaceAll('..', '.')} | ${preset} |`;
    });
    return `## ${title}\n\n| variable | meaning | default |\n| --- | --- | --- |\n${rows.join('\n')}`;
  });
  const table = schedules.map(
    ({ name, cron, queue, job, catchUpMs }) =>
      `| \`${name}\` | \`${cron}\` | ${queue} / \`${job}\` | ${catchUpMs / 3_600_000} h |`,
  );
  return `${note}

# Configuration

Everything is set by environment variables; \`.env\` is read when present. An empty value counts as not set, unknown variables are ignored,
and a start with wrong values names every fault at once. \`QUEUE_<NAME>_CONCURRENCY\`, for example \`QUEUE_STORY_ENHANCEMENT_CONCURRENCY\`, sets one queue's concurrency. SendGrid is given so many mails at once; half as many more are made ready or noted meanwhile.

${sections.join('\n\n')}

## The cron table

It stands in \`config/schedules.ts\`. A tick that was missed while nothing ran is made up for once, if it is not older than its window.

| schedule | cron | job | catch-up window |
| --- | --- | --- | --- |
${table.join('\n')}
`;
}

function errors(): string {
  const rows = Object.entries(catalogue).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `${note}

# Errors

Codes are stable and never reused. "Retried" says whether a job that fails with it gets another attempt; an error that says how long to wait
delays the job instead and costs no attempt.

| code | HTTP status | retried | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function jobs(): string {
  const sections = Object.values(queues).map((queue) => {
    const rows = Object.entries(queue.jobs).map(([name, { summary }]) => `| \`${name}\` | ${summary} |`);
    return `## ${queue.name}\n\n${queue.summary}.\n\n| job | does |\n| --- | --- |\n${rows.join('\n')}`;
  });
  return `${note}

# Jobs

Payloads are \`{ type, data }\`; their fields stand in \`queues/\`, a file for each queue. A field that is not listed is refused.

${sections.join('\n\n')}
`;
}

function permissionTables(): string {
  const rows = permissionNames.map((name) => {
    const { meaning } = permissions[name];
    const marks = roles.map((role) => (may(role, name) ? 'yes' : ''));
    return `| \`${name}\` | ${meaning} | ${marks.join(' | ')} |`;
  });
  const actions = Object.entries(auditActions).map(([action, meaning]) => `| \`${action}\` | ${meaning} |`);
  return `${note}

# Permissions

Which role may do what, in the API and in the pages alike. \`docs/access.md\` says how one gets a role.

| permission | lets one | ${roles.join(' | ')} |
| --- | --- | ${roles.map(() => '---').join(' | ')} |
${rows.join('\n')}

## What the audit log knows

| action | meaning |
| --- | --- |
${actions.join('\n')}
`;
}
