import { type MaskText, maskTexts } from '../queue/masking/index.ts';
import type { JobLog } from './context.ts';

/** A log in which nothing quotes what the job's payload hides; it goes to files, to alerts and beside the job. */
export function maskedLog(log: JobLog, mask: () => MaskText): JobLog {
  const at = (level: keyof JobLog) => (fields: object, message: string) => {
    const text = mask();
    const shown = maskTexts({ ...fields }, text);
    log[level](typeof shown === 'object' && shown !== null ? shown : {}, text(message));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
