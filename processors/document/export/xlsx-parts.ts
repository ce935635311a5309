import { cellText } from '../cell-text.ts';
import type { DatasetColumn } from './datasets.ts';

/** Places in the list of styles below. */
export const style = { text: 1, day: 2, time: 3, amount: 4, header: 5 } as const;

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const officeRelations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';
const contentTypes = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return text.toWellFormed().replace(/[&<>"]/g, (letter) => escapes[letter] ?? '');
}

/** Any text as a cell holds it; what OOXML would read as its own escape, `_x0041_`, is escaped. */
export function cellXml(text: string): string {
  return escapeXml(cellText(text)).replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_');
}

/** `A`, `B`, ... `Z`, `AA`, ... for 0, 1, ... */
export function columnLetters(index: number): string {
  const before = index < 26 ? '' : columnLetters(Math.floor(index / 26) - 1);
  return before + String.fromCharCode(65 + (index % 26));
}

/** What stands before a sheet's rows, and its first row: the names of the columns. */
export function sheetHead(columns: readonly DatasetColumn[], letters: readonly string[]): string {
  const widths = columns.map(
    ({ width }, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`,
  );
  const headers = columns.map(
    ({ name }, index) =>
      `<c r="${letters[index]}1" s="${style.header}" t="inlineStr"><is><t>${escapeXml(name)}</t></is></c>`,
  );
  return `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths.join('')}</cols><sheetData><row r="1">${headers.join('')}</row>`;
}

export function sheetTail(letters: readonly string[], rows: number): string {
  return `</sheetData><autoFilter ref="A1:${letters.at(-1)}${rows}"/></worksheet>`;
}

/** A sheet of two columns: what is said, and what of. Texts are text, whatever they begin with. */
export function summarySheet(lines: readonly (readonly [string, string | number])[]): string {
  const text = (place: string, value: string, look: number) =>
    `<c r="${place}" s="${look}" t="inlineStr"><is><t xml:space="preserve">${cellXml(value)}</t></is></c>`;
  const rows = lines.map(([label, value], index) => {
    const number = index + 1;
    const cell =
      typeof value === 'number'
        ? `<c r="B${number}"><v>${value}</v></c>`
        : text(`B${number}`, value, style.text);
    return `<row r="${number}">${text(`A${number}`, label, style.header)}${cell}</row>`;
  });
  return `${declaration}<worksheet xmlns="${main}"><cols><col min="1" max="1" width="16" customWidth="1"/><col min="2" max="2" width="80" customWidth="1"/></cols><sheetData>${rows.join('')}</sheetData></worksheet>`;
}

/** The parts of a workbook besides its sheets (ECMA-376 part 1), for sheets of these names, escaped. */
export function fixedParts(sheets: readonly string[]): readonly (readonly [string, string])[] {
  const each = (line: (number: number, name: string) => string) =>
    sheets.map((name, index) => line(index + 1, name)).join('');
  return [
    [
      'xl/workbook.xml',
      `${declaration}<workbook xmlns="${main}" xmlns:r="${officeRelations}"><sheets>${each((number, name) => `<sheet name="${name}" sheetId="${number}" r:id="rId${number}"/>`)}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${declaration}<Relationships xmlns="${packageRelations}">${each((number) => `<Relationship Id="rId${number}" Type="${officeRelations}/worksheet" Target="worksheets/sheet${number}.xml"/>`)}<Relationship Id="rIdStyles" Type="${officeRelations}/styles" Target="styles.xml"/></Relationships>`,
    ],
    ['xl/styles.xml', styles],
    [
      '_rels/.rels',
      `${declaration}<Relationships xmlns="${packageRelations}"><Relationship Id="rId1" Type="${officeRelations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      '[Content_Types].xml',
      `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${contentTypes}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${contentTypes}.styles+xml"/>${each((number) => `<Override PartName="/xl/worksheets/sheet${number}.xml" ContentType="${contentTypes}.worksheet+xml"/>`)}</Types>`,
    ],
  ];
}

/** `@` (49) keeps a cell text when it is edited, also one that begins like a formula; 4 is `#,##0.00`. */
const styles = `${declaration}<styleSheet xmlns="${main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><color rgb="FF1F4E79"/><name val="Calibri"/><family val="2"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFEEF3F8"/><bgColor indexed="64"/></patternFill></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
