/** Sizes are in points (1/72 inch). Grey text keeps a contrast of 4.5 to 1 on white and on the tint (WCAG 2.2 AA). */
export const colour = {
  ink: '#1f2933',
  muted: '#556270',
  accent: '#1f4e79',
  tint: '#eef3f8',
  rule: '#d3dbe4',
  white: '#ffffff',
} as const;

export const size = {
  title: 21,
  section: 13,
  caption: 9,
  body: 9,
  table: 7.5,
  small: 7,
  figure: 17,
} as const;

/** Height of a line as a multiple of the size of its letters. */
export const leading = 1.28;

/** US Letter, as the readers of SAM.gov print it. */
export const paper = { size: 'LETTER', margin: 42, header: 22, footer: 26 } as const;
