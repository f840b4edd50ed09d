import { lineOf, type Place, type Source } from '../source.ts';
import type { Excerpt } from './diagnostic.ts';

const MASK = '[secret]';

/** Longest line that is shown, in UTF-16 code units; of longer ones the part around the place. */
const MAX_SHOWN = 160;

/** Which stretches of which sources must not be seen. */
export interface Masks {
  readonly ranges: ReadonlyMap<Source, readonly { readonly start: number; readonly end: number }[]>;
  /** Keys whose values must not be seen either, where the text could not be understood. */
  readonly keys: readonly string[];
}

export function excerptOf(place: Place, line: number, masks: Masks): Excerpt {
  const { text, start } = lineOf(place.source, line);
  const end = start + text.length;
  const from = Math.min(place.start, end) - start;
  const to = Math.max(from, Math.min(place.end, end) - start);
  return clip(masked({ text, from, to }, hidden(place.source, start, text, masks)));
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

function hidden(source: Source, start: number, text: string, masks: Masks): Stretch[] {
  const stretches = (masks.ranges.get(source) ?? [])
    .filter((range) => range.end > start && range.start < start + text.length)
    .map((range) => ({ from: Math.max(0, range.start - start), to: Math.min(text.length, range.end - start) }))
    // The indentation of a block scalar tells nothing and keeps the line readable.
    .map(({ from, to }) => ({ from: from + (/^\s*/.exec(text.slice(from, to))?.[0].length ?? 0), to }));
  for (const key of masks.keys) {
    const match = new RegExp(`(?:^|[\\s{,"'-])${escapePattern(key)}["']?\\s*:\\s+(?=\\S)`).exec(text);
    if (match !== null) stretches.push({ from: match.index + match[0].length, to: text.length });
  }
  // The password of a URL, where none is meant to be.
  const password = /:\/\/[^\s/@:]*:([^\s/@]+)@/d.exec(text)?.indices?.[1];
  if (password !== undefined) stretches.push({ from: password[0], to: password[1] });
  return stretches.filter(({ from, to }) => to > from).toSorted((a, b) => a.from - b.from);
}

/** Replaces stretches by a mask of one length, and keeps the range in place. */
function masked(excerpt: Excerpt, stretches: readonly Stretch[]): Excerpt {
  let text = '';
  let taken = 0;
  const moves: { readonly at: Stretch; readonly shown: number }[] = [];
  for (const stretch of stretches) {
    if (stretch.from < taken) continue;
    text += excerpt.text.slice(taken, stretch.from);
    moves.push({ at: stretch, shown: text.length });
    text += MASK;
    taken = stretch.to;
  }
  text += excerpt.text.slice(taken);
  const moved = (offset: number, side: 'from' | 'to'): number => {
    let shift = 0;
    for (const { at, shown } of moves) {
      if (offset <= at.from) break;
      if (offset < at.to) return side === 'from' ? shown : shown + MASK.length;
      shift = shown + MASK.length - at.to;
    }
    return offset + shift;
  };
  return { text, from: moved(excerpt.from, 'from'), to: moved(excerpt.to, 'to') };
}

function clip({ text, from, to }: Excerpt): Excerpt {
  if (text.length <= MAX_SHOWN) return { text, from, to };
  const start = Math.max(0, Math.min(from - MAX_SHOWN / 4, text.length - MAX_SHOWN));
  const before = start > 0 ? '…' : '';
  const shown = text.slice(start, start + MAX_SHOWN);
  const after = start + MAX_SHOWN < text.length ? '…' : '';
  const shift = before.length - start;
  return { text: `${before}${shown}${after}`, from: from + shift, to: Math.min(to + shift, before.length + MAX_SHOWN) };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
