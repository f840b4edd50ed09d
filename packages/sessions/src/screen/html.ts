import { COLOR_NAMES } from '@roundhouse/api';
import {
  type Cell,
  charOf,
  foregroundOf,
  highlightOf,
  isIntensified,
  isProtected,
  type Screen,
} from '@roundhouse/tn3270';

/** A page without scripts that shows the screen in its colours. `texts` holds one string a cell, hidden fields blank. */
export function screenHtml(screen: Screen, texts: readonly string[]): string {
  const { cells, columns } = screen;
  let attribute = screen.attributeAt(0);
  let field = cells[Math.max(screen.fieldAt(0), 0)] as Cell;
  let open = '';
  let html = '';
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at] as Cell;
    if (cell < 0) {
      field = cell;
      attribute = charOf(cell);
    }
    const style = cell < 0 ? '' : classesOf(cell, field, attribute, screen.formatted);
    if (style !== open) {
      if (open !== '') html += '</span>';
      if (style !== '') html += `<span class="${style}">`;
      open = style;
    }
    html += escapeHtml(texts[at] as string);
    if ((at + 1) % columns === 0) html += '\n';
  }
  if (open !== '') html += '</span>';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>3270 screen</title>
<style>${STYLE}</style>
<pre>${html}</pre>
</html>
`;
}

const COLORS = {
  neutral_black: '#000',
  blue: '#6da3ff',
  red: '#ff6d67',
  pink: '#ff8ad8',
  green: '#5fd75f',
  turquoise: '#5fdfdf',
  yellow: '#ffe066',
  neutral_white: '#fff',
  black: '#000',
  deep_blue: '#4060ff',
  orange: '#ffa64d',
  purple: '#b48cff',
  pale_green: '#a8f0a8',
  pale_turquoise: '#b0f0f0',
  grey: '#aaa',
  white: '#fff',
} as const satisfies Record<(typeof COLOR_NAMES)[number], string>;

const STYLE = [
  'body{background:#000;color:#5fd75f}',
  'pre{font-family:monospace;line-height:1.2}',
  '.blink{text-decoration:overline}',
  '.reverse{filter:invert(1);background:#000}',
  '.underscore{text-decoration:underline}',
  '.intensify{font-weight:bold}',
  ...Object.entries(COLORS).map(([name, color]) => `.${name}{color:${color}}`),
].join('');

/** A display without colours from the host shows the four kinds of field in four colours. */
function baseColor(attribute: number): (typeof COLOR_NAMES)[number] {
  if (isProtected(attribute)) return isIntensified(attribute) ? 'neutral_white' : 'blue';
  return isIntensified(attribute) ? 'red' : 'green';
}

const HIGHLIGHT_CLASSES: Readonly<Record<number, string>> = {
  1: 'blink',
  2: 'reverse',
  4: 'underscore',
  8: 'intensify',
};

function classesOf(cell: Cell, field: Cell, attribute: number, formatted: boolean): string {
  const own = foregroundOf(cell) || (formatted ? foregroundOf(field) : 0);
  const color = COLOR_NAMES[own - 0xf0] ?? baseColor(attribute);
  const highlight = HIGHLIGHT_CLASSES[highlightOf(cell) || (formatted ? highlightOf(field) : 0)];
  return highlight === undefined ? color : `${color} ${highlight}`;
}

function escapeHtml(text: string): string {
  switch (text) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    default:
      return text;
  }
}
