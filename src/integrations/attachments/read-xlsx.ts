import ExcelJS from 'exceljs';
import { shownNumber } from './number-format.ts';

/** Text of a workbook by sheet: a line a row, cells parted by tabs. The archive was checked before. */
export async function readXlsx(bytes: Uint8Array): Promise<string[]> {
  const book = new ExcelJS.Workbook();
  const { buffer, byteOffset, byteLength } = bytes;
  // The reader wants a buffer of its own, not a view into a larger one.
  const own = new ArrayBuffer(byteLength);
  new Uint8Array(own).set(new Uint8Array(buffer, byteOffset, byteLength));
  await book.xlsx.load(own, {
    ignoreNodes: ['dataValidations', 'conditionalFormatting', 'drawing', 'picture'],
  });
  return book.worksheets.map((sheet) => {
    const lines = [sheet.name, ''];
    sheet.eachRow((row) => {
      const cells: string[] = [];
      row.eachCell((cell) => {
        if (cell.master === cell) cells.push(textOf(cell.value, cell.numFmt));
      });
      lines.push(cells.join('\t'));
    });
    return lines.join('\n');
  });
}

/** A formula shows its last result, a share its percents, an amount its currency: `format` is the cell's number format, if it has one. */
function textOf(value: ExcelJS.CellValue, format?: string): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? '' : value.toISOString().replace(/T00:00:00.*$/, '');
  if (typeof value === 'number') return shownNumber(value, format) ?? String(value);
  if (typeof value !== 'object') return String(value);
  if ('richText' in value) return value.richText.map(({ text }) => text).join('');
  if ('hyperlink' in value) return textOf(value.text);
  if ('error' in value) return value.error;
  return 'result' in value ? textOf(value.result, format) : '';
}
