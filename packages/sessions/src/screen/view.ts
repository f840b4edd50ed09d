import { COLOR_NAMES, type HighlightName, type ScreenFormat } from '@roundhouse/api';
import {
  type BufferAddress,
  type Cell,
  charOf,
  dumpScreen,
  foregroundOf,
  highlightOf,
  isIntensified,
  isModified,
  isNondisplay,
  isNumeric,
  isProtected,
  type Session,
} from '@roundhouse/tn3270';
import { screenHtml } from './html.ts';
import { type HiddenAddresses, NOTHING_HIDDEN } from './numbers.ts';
import { cellTexts, screenText, textAt } from './text.ts';

/** Whose screen it is, and the version that callers see. */
export interface Shown {
  readonly id: string;
  readonly version: number;
}

export interface ScreenBody {
  readonly mediaType: string;
  readonly body: string;
  /** Of the screen. */
  readonly version: number;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * The screen in one of the formats of the API; hidden fields are masked in all of them, and what stands at the addresses in
 * `hidden`. Default: nothing.
 */
export function renderScreen(
  shown: Shown,
  session: Session,
  format: ScreenFormat,
  hidden: HiddenAddresses = NOTHING_HIDDEN,
): ScreenBody {
  const { screen } = session;
  const { version } = shown;
  switch (format) {
    case 'json':
      return { mediaType: JSON_TYPE, body: screenJson(shown, session, hidden), version };
    case 'cells': {
      const cells = dumpScreen(screen, {
        mask: (field) => isNondisplay(charOf(field)),
        hides: (address) => hidden.has(address),
      });
      return {
        mediaType: JSON_TYPE,
        body: `{${commonJson(shown, session)},"cells":${JSON.stringify(cells)}}`,
        version,
      };
    }
    case 'text':
      return {
        mediaType: 'text/plain; charset=utf-8',
        body: `${screenText(shownTexts(session, hidden), screen.columns)}\n`,
        version,
      };
    case 'html':
      return { mediaType: 'text/html; charset=utf-8', body: screenHtml(screen, shownTexts(session, hidden)), version };
  }
}

/**
 * Keeps the JSON of one session's screen until something in it changes: many callers read the same screen. What is hidden
 * goes by the version.
 */
export class ScreenJsonCache {
  readonly #sessionId: string;
  #json = '';
  #version = -1;
  #locked = false;
  #lockReason: Session['lockReason'] = null;
  #connectionState: Session['connectionState'] = 'not-connected';

  constructor(sessionId: string) {
    this.#sessionId = sessionId;
  }

  json(session: Session, version: number, hidden: HiddenAddresses = NOTHING_HIDDEN): string {
    const { keyboardLocked, lockReason, connectionState } = session;
    const isFresh =
      this.#version === version &&
      this.#locked === keyboardLocked &&
      this.#lockReason === lockReason &&
      this.#connectionState === connectionState;
    if (!isFresh) {
      this.#json = screenJson({ id: this.#sessionId, version }, session, hidden);
      this.#version = version;
      this.#locked = keyboardLocked;
      this.#lockReason = lockReason;
      this.#connectionState = connectionState;
    }
    return this.#json;
  }
}

/** Written by hand: several times faster than building the object first, and this is the most called route. */
function screenJson(shown: Shown, session: Session, hidden: HiddenAddresses): string {
  const { screen } = session;
  const texts = shownTexts(session, hidden);
  const data = JSON.stringify(screenText(texts, screen.columns));
  const starts = screen.fieldStarts;
  const fields = starts.map((start, index) => {
    const next = starts[(index + 1) % starts.length] as BufferAddress;
    return fieldJson(session, texts, start, (next - start - 1 + screen.size) % screen.size);
  });
  return `{${commonJson(shown, session)},"screen_data":${data},"fields":[${fields.join(',')}]}`;
}

function shownTexts({ screen, codePage }: Session, hidden: HiddenAddresses): readonly string[] {
  const texts = cellTexts(screen, codePage);
  for (const address of hidden) texts[address] = '*';
  return texts;
}

function commonJson({ id, version }: Shown, { screen, keyboardLocked, lockReason, connectionState }: Session): string {
  const { rows, columns, cursor } = screen;
  return (
    `"session_id":"${id}","rows":${rows},"columns":${columns},` +
    `"cursor_position":{${position(cursor, columns)}},"keyboard_locked":${keyboardLocked},` +
    `"lock_reason":${quoted(lockReason)},"formatted":${screen.formatted},` +
    `"connection_state":"${connectionState}","version":${version}`
  );
}

function fieldJson({ screen }: Session, texts: readonly string[], start: BufferAddress, length: number): string {
  const cell = screen.cells[start] as Cell;
  const attribute = charOf(cell);
  const first = screen.next(start);
  return (
    `{${position(first, screen.columns)},"length":${length},"value":${JSON.stringify(textAt(texts, first, length))},` +
    `"protected":${isProtected(attribute)},"numeric":${isNumeric(attribute)},"hidden":${isNondisplay(attribute)},` +
    `"intensified":${isIntensified(attribute)},"modified":${isModified(attribute)},` +
    `"color":${quoted(COLOR_NAMES[foregroundOf(cell) - FIRST_COLOR] ?? null)},` +
    `"highlight":${quoted(HIGHLIGHTS[highlightOf(cell)] ?? null)}}`
  );
}

/** Attribute value of the first colour; 00 stands for none. */
const FIRST_COLOR = 0xf0;

/** By the low four bits of the highlighting attribute. */
const HIGHLIGHTS: Readonly<Record<number, HighlightName>> = {
  1: 'blink',
  2: 'reverse',
  4: 'underscore',
  8: 'intensify',
};

function position(address: BufferAddress, columns: number): string {
  return `"row":${Math.floor(address / columns) + 1},"column":${(address % columns) + 1}`;
}

/** For words of closed lists, which need no escapes. */
function quoted(word: string | null): string {
  return word === null ? 'null' : `"${word}"`;
}
