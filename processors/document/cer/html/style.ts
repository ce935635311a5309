import { cssText } from './markup.ts';

export interface Furniture {
  /** Stands at the top of all pages but the first. */
  readonly header: string;
  /** Stands at the bottom, beside the number of the page. */
  readonly footer: string;
}

/** Fonts as base64, so that the file is the same on every machine and nothing is fetched. */
export interface EmbeddedFonts {
  readonly regular: string;
  readonly bold: string;
}

/**
 * The look on paper. Running headers and page numbers are margin boxes (CSS Paged Media 3, section 4), which Chromium
 * has known since 131.
 */
export function printStyle({ header, footer }: Furniture, fonts: EmbeddedFonts): string {
  return `
@font-face { font-family: Report; font-weight: 400; src: url(data:font/ttf;base64,${fonts.regular}); }
@font-face { font-family: Report; font-weight: 700; src: url(data:font/ttf;base64,${fonts.bold}); }
@page {
  size: A4;
  margin: 24mm 18mm 22mm 18mm;
  @top-left { content: ${cssText(header)}; ${marginBox} border-bottom: 0.4pt solid #d3dbe4; vertical-align: bottom; padding-bottom: 2mm; margin-bottom: 5mm; width: 100%; }
  @bottom-left { content: ${cssText(footer)}; ${marginBox} border-top: 0.4pt solid #d3dbe4; vertical-align: top; padding-top: 2mm; margin-top: 5mm; width: 80%; }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); ${marginBox} border-top: 0.4pt solid #d3dbe4; vertical-align: top; padding-top: 2mm; margin-top: 5mm; text-align: right; width: 20%; }
}
@page :first { @top-left { content: none; border: none; } }
${screenless}`;
}

const marginBox = 'font: 7pt Report, sans-serif; color: #556270; white-space: nowrap; overflow: hidden;';

const screenless = `
* { box-sizing: border-box; }
html { font: 9.2pt/1.42 Report, sans-serif; color: #1f2933; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0; overflow-wrap: anywhere; hyphens: manual; }
p { margin: 0 0 2.2mm; white-space: pre-line; orphans: 2; widows: 2; }
h1, h2, h3, h4 { break-after: avoid; break-inside: avoid; line-height: 1.2; margin: 0; }
h2 { font-size: 14.5pt; color: #1f4e79; margin: 9mm 0 3.4mm; }
h3 { font-size: 10.8pt; margin: 5.5mm 0 2mm; }
h4 { font-size: 9.2pt; margin: 3mm 0 0.6mm; }
h2 .number, h3 .number { display: inline-block; min-width: 8mm; padding-right: 1.6mm; }
h2 + h3 { margin-top: 0; }
.cover { break-after: page; padding-top: 48mm; }
.cover::before { content: ""; display: block; width: 17mm; height: 1.1mm; background: #1f4e79; margin-bottom: 6mm; }
.cover h1 { font-size: 29pt; color: #1f4e79; margin-bottom: 6mm; }
.cover .device { font-size: 17pt; font-weight: 700; line-height: 1.25; margin-bottom: 2.5mm; }
.cover .manufacturer { font-size: 11.5pt; color: #556270; margin-bottom: 20mm; }
.contents { break-after: page; }
.contents h2 { margin-top: 0; }
.contents ol { list-style: none; margin: 0; padding: 0; }
.contents li { margin: 0; break-inside: avoid; }
.contents a { display: flex; align-items: baseline; color: inherit; text-decoration: none; padding: 0.75mm 0; }
.contents .number { flex: 0 0 9mm; }
.contents .title { flex: 0 1 auto; }
.contents .leader { flex: 1 0 8mm; margin: 0 1.6mm; border-bottom: 0.6pt dotted #556270; }
.contents .page { flex: 0 0 11mm; text-align: right; }
.contents li.part a { padding-left: 9mm; }
.contents li.part .number { flex-basis: 11mm; }
.contents li.section { font-weight: 700; }
main > section:first-child h2 { margin-top: 0; }
dl { margin: 0 0 3mm; }
dt { float: left; clear: left; width: 44mm; padding-right: 4mm; color: #556270; }
dd { margin: 0 0 0.7mm 44mm; white-space: pre-line; }
dl::after { content: ""; display: block; clear: left; }
ul { margin: 0 0 2.4mm; padding-left: 5mm; }
li { margin-bottom: 0.8mm; white-space: pre-line; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin: 0 0 5mm; font-size: 7.7pt; line-height: 1.34; }
caption { text-align: left; font-weight: 700; font-size: 8.6pt; padding: 1mm 0 1.4mm; break-after: avoid; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; vertical-align: bottom; color: #1f4e79; background: #eef3f8; padding: 1.3mm 1.6mm; }
td { vertical-align: top; padding: 1.1mm 1.6mm; border-bottom: 0.4pt solid #d3dbe4; white-space: pre-line; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
tr.total td { font-weight: 700; border-top: 0.8pt solid #1f4e79; }
figure { margin: 2mm 0 5mm; break-inside: avoid; }
figcaption { font-weight: 700; font-size: 8.6pt; margin-bottom: 1.5mm; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 7px Report, sans-serif; fill: #556270; dominant-baseline: central; }
.legend { display: flex; flex-wrap: wrap; gap: 1mm 5mm; margin: 1.5mm 0 0 10mm; font-size: 7.2pt; color: #556270; }
.legend span { display: inline-flex; align-items: center; gap: 1.4mm; }
.legend svg { width: 2.6mm; height: 2.6mm; }
.note { border-left: 0.9mm solid #1f4e79; padding: 0.6mm 0 0.6mm 3mm; margin: 1mm 0 3mm; font-weight: 700; font-size: 8pt; color: #1f4e79; break-inside: avoid; }
.note p { margin: 0; }
.draft { border-left: 0.9mm solid #d98443; padding-left: 3mm; margin-bottom: 3mm; }
.draft .note { border: none; padding: 0; color: #8a4b12; }
.sources { color: #556270; }
.signature { break-inside: avoid; margin-top: 16mm; }
.signature .lines { display: flex; gap: 10mm; }
.signature .line { border-top: 0.8pt solid #1f2933; padding-top: 0.8mm; font-size: 7.2pt; color: #556270; flex: 0 0 78mm; }
.signature .line + .line { flex-basis: 44mm; }
.signature p { margin-top: 2mm; }
`;
