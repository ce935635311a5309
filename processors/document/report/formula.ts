/**
 * What makes a spreadsheet read a cell of a CSV file as a formula, also in the full-width forms of East Asian input.
 * Source: OWASP, "CSV Injection".
 */
const formulaStart = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;

/** Text from outside for a cell of a CSV file: an apostrophe before it keeps it text. */
export function guardFormula(text: string): string {
  return formulaStart.test(text) ? `'${text}` : text;
}
