import type { Config } from '../../config/index.ts';
import type { App } from '../app.ts';
import { version } from '../package.ts';

/** How long the token that a start prints is good for, in hours. */
const tokenHours = 12;

/** What a person sees when the platform is up: where to look, what to use, what to do next. */
export async function banner(config: Config, app: App, startMs: number): Promise<string> {
  const { http, providers } = app;
  const lines = [
    `Millrace ${version} is up (${(startMs / 1_000).toFixed(1)} s), roles ${config.roles.join(', ')}`,
  ];
  if (http !== undefined) {
    const link = http.oneTimeLink();
    lines.push(
      '',
      `  Board      ${link ?? `${http.url}/admin/queues`}${link === undefined ? '' : '  (signs you in once)'}`,
    );
    lines.push(`  API        ${http.url}/api`, `  Health     ${http.url}/health`);
    if (!config.production) lines.push(`  Token      ${await http.issueToken('operator', tokenHours)}`);
  }
  lines.push('');
  lines.push(`  Queues     ${providers.backend}`, `  Tables     ${providers.tables}`);
  if (app.supervisor !== undefined) {
    const processes = app.supervisor.workers.map(({ pid }) => pid).join(', ');
    lines.push(`  Workers    ${config.worker.processes} processes (${processes})`);
  }
  if (config.roles.includes('worker')) {
    lines.push(
      `  Mail       ${providers.mail}`,
      `  Files      ${providers.storage}`,
      `  SAM.gov    ${providers.samGov}`,
      `  AI         ${providers.ai}`,
      `  PDF to XML ${providers.conversions}`,
      `  Browser    ${providers.browser}`,
    );
  }
  if (!config.production) lines.push('', '  Next       npm run demo    (in another terminal)');
  return `\n${lines.join('\n')}\n\n`;
}
