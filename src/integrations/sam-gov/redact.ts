/** Takes the key out of texts from outside, in every form it may have there. */
export function redactorFor(apiKey: string, before = ''): (text: string) => string {
  const inForm = new URLSearchParams({ k: apiKey }).toString().slice(2);
  const forms = [...new Set([apiKey, encodeURIComponent(apiKey), inForm])].filter((form) => form !== '');
  return (text) =>
    forms.reduce((redacted, form) => redacted.replaceAll(before + form, `${before}[redacted]`), text);
}
