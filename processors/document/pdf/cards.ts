import { decoration, ensureRoom, type Layout, measureWith, tagged, write } from './layout.ts';
import { colour, size } from './theme.ts';
import { shorten } from './wrap.ts';

/** A figure that stands for the whole, and what it counts. */
export interface Card {
  readonly label: string;
  readonly value: string;
}

/** Of a row of figures, in points. */
export const cardsHeight = 52;
const gap = 10;
const figureSizes = [size.figure, 14, 11.5, 9] as const;

/** Sets figures side by side across the page. */
export function figureCards(layout: Layout, cards: readonly Card[]): void {
  const { doc, root, left } = layout;
  const width = (layout.width - gap * (cards.length - 1)) / cards.length;
  ensureRoom(layout, cardsHeight);
  cards.forEach((card, index) => {
    const x = left + index * (width + gap);
    decoration(doc, () => {
      doc.rect(x, layout.y, width, cardsHeight).fill(colour.tint);
      doc.rect(x, layout.y, 2.5, cardsHeight).fill(colour.accent);
    });
    tagged(doc, root, 'P', () => {
      const room = width - 22;
      const label = shorten(card.label, room, measureWith(doc, 'regular', size.small));
      // A figure that is cut says another number: long ones are set smaller.
      const points =
        figureSizes.find((each) => measureWith(doc, 'bold', each)(card.value) <= room) ?? figureSizes[3];
      const value = shorten(card.value, room, measureWith(doc, 'bold', points));
      write(doc, label, x + 12, layout.y + 9, { font: 'regular', size: size.small, colour: colour.muted });
      write(doc, value, x + 12, layout.y + 22 + (size.figure - points) * 0.6, {
        font: 'bold',
        size: points,
        colour: colour.ink,
      });
    });
  });
  layout.y += cardsHeight + 18;
}
