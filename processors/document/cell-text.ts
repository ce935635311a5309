/** Excel's limit: letters in a cell. */
const maxCellLetters = 32_767;

/** Letters that XML 1.0 cannot hold (section 2.2), and the other controls, which mean nothing in a cell. */
const notInCells = /(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu;

/** A text as a cell of a workbook can hold it; one that is too long ends with an ellipsis. */
export function cellText(text: string): string {
  const clean = text.replace(notInCells, '');
  return clean.length <= maxCellLetters ? clean : `${clean.slice(0, maxCellLetters - 1).toWellFormed()}…`;
}
