/** Where a paragraph stands: its section of the uniform contract format, and the number that one would cite. */
export interface Place {
  /** `A` to `M` (FAR 15.204-1), when it is known. */
  readonly section: string | undefined;
  /** Such as `L.3.2.1(a)(1)`; empty before the first number. */
  readonly paragraph: string;
  /** How deep it stands, for lists that continue a sentence: what a list's items have more of than what leads to them. */
  readonly depth: number;
  /** The paragraph begins with a number, a letter or a bullet. */
  readonly numbered: boolean;
  /** The mark that was taken off the text, as it was written. */
  readonly mark: string;
  readonly text: string;
}

type Kind = 'letter' | 'digit' | 'roman' | 'capital';

interface Level {
  readonly kind: Kind;
  readonly value: string;
}

const mainNumber = /^((?:[A-M][.-]?)?\d{1,3}(?:\.\d{1,3})*)(\.?)(?=\s|$)/;
const subNumber = /^(?:\((\d{1,3}|[a-z]{1,5}|[A-Z]{1,2})\)|(\d{1,2}|[A-Za-z])[.)](?=\s))\s*/;
const bullet = /^[•▪●◦‣–*-]\s+/u;

/** Titles that name a section where its letter is not given; commercial solicitations (FAR part 12) have no letters. */
const titles: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:performance work statement|statement of work|statement of objectives|description\/specifications)/i,
    'C',
  ],
  [
    /^(?:instructions(?:,.*)?(?: and notices)? to (?:offerors|quoters|bidders)|proposal (?:preparation|submission) instructions|52\.212-1\b)/i,
    'L',
  ],
  [/^(?:evaluation factors|evaluation criteria|basis (?:for|of) award|52\.212-2\b)/i, 'M'],
];

/** Follows sections and numbers through a document, a paragraph at a time. */
export function createNumbering(): (paragraph: string) => Place {
  let section: string | undefined;
  let main = '';
  let levels: Level[] = [];

  return (paragraph) => {
    const heading = sectionOf(paragraph);
    if (heading !== undefined) {
      section = heading;
      main = '';
      levels = [];
      return place(paragraph, '', false);
    }
    const number = mainNumber.exec(paragraph);
    if (number !== null && isMain(number)) {
      main = number[1] ?? '';
      levels = [];
      const letter = /^[A-M]/.exec(main)?.[0];
      if (letter !== undefined) section = letter;
      return subNumbers(paragraph.slice(number[0].length).trim(), number[0]);
    }
    if (bullet.test(paragraph)) {
      const mark = bullet.exec(paragraph)?.[0] ?? '';
      return { ...place(paragraph.slice(mark.length), mark.trim(), true), depth: depthNow() + 1 };
    }
    return subNumbers(paragraph, '');
  };

  /** `4.` alone is a main number, unless letters lead the numbering here, where it counts a list. */
  function isMain(number: RegExpExecArray): boolean {
    const [, value = '', dot] = number;
    if (/[A-M]|\./.test(value)) return true;
    return dot === '.' && !/^[A-M]/.test(main) && levels.length === 0;
  }

  function subNumbers(text: string, mark: string): Place {
    let rest = text;
    let marks = mark;
    for (let found = subNumber.exec(rest); found !== null; found = subNumber.exec(rest)) {
      enter(found[1] ?? found[2] ?? '');
      marks = `${marks} ${found[0].trim()}`.trim();
      rest = rest.slice(found[0].length);
    }
    return place(rest, marks, marks !== '');
  }

  /** The order of the FAR (1.105-2): (a)(1)(i)(A). `(i)` after `(h)` is the letter, elsewhere the numeral. */
  function enter(value: string): void {
    const kind = kindOf(value);
    const at = levels.findIndex((level) => level.kind === kind);
    levels = [...(at === -1 ? levels : levels.slice(0, at)), { kind, value }];
  }

  function kindOf(value: string): Kind {
    if (/^\d+$/.test(value)) return 'digit';
    if (/^[A-Z]+$/.test(value)) return 'capital';
    const letter = levels.find(({ kind }) => kind === 'letter')?.value;
    const follows =
      letter !== undefined && value.length === 1 && value.charCodeAt(0) === letter.charCodeAt(0) + 1;
    return /^[ivx]+$/.test(value) && !follows && levels.length > 0
      ? 'roman'
      : value.length === 1
        ? 'letter'
        : 'roman';
  }

  function depthNow(): number {
    return main.split(/[.-]/).length + levels.length;
  }

  function place(text: string, mark: string, numbered: boolean): Place {
    const path = levels.map(({ value }) => `(${value})`).join('');
    return { section, paragraph: main + path, depth: depthNow(), numbered, mark, text };
  }
}

/** The section that a heading opens. */
function sectionOf(paragraph: string): string | undefined {
  if (paragraph.length > 140 || /[.;:,]$/.test(paragraph)) return undefined;
  const lettered = /^(?:part\s+[ivx]+\s*[-–—:,]\s*)?section\s+([a-m])(?:\s*[-–—:.]|\s+[A-Z]|$)/i.exec(
    paragraph,
  );
  if (lettered?.[1] !== undefined) return lettered[1].toUpperCase();
  const bare = paragraph.replace(/^(?:\d{1,2}(?:\.0)?\.?|[IVX]+\.)\s+/, '');
  const isTitle =
    bare === bare.toUpperCase() ||
    /^(?:[A-Z0-9][\w./,-]*|and|of|to|for|the|or)(?:\s+(?:[A-Z0-9(][\w./,()-]*|and|of|to|for|the|or|[-–—]))*$/.test(
      bare,
    );
  return isTitle ? titles.find(([title]) => title.test(bare))?.[1] : undefined;
}
