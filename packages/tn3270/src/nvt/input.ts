import type { Key } from '../keyboard/key.ts';
import { keySequence } from './keys.ts';
import { INTERRUPT, LineEditor, type NvtEcho, type NvtInputHandler } from './line.ts';

/** The display as input needs it; `NvtWriter` is one. */
export interface NvtDisplay extends NvtEcho {
  readonly applicationCursorKeys: boolean;
}

const encoder = new TextEncoder();

/** A carriage return that is no line end is followed by NUL. RFC 854, page 11. */
const BARE_RETURN = /\r(?!\n)/g;

/**
 * The keyboard in NVT mode. In line mode (the host does not echo) a line is edited here and ends in CR LF; in
 * character mode (the host echoes) each key is sent at once and Enter is CR NUL.
 */
export class NvtInput {
  readonly #handler: NvtInputHandler;
  readonly #display: NvtDisplay;
  readonly #editor: LineEditor;
  #lineMode = true;

  constructor(handler: NvtInputHandler, display: NvtDisplay) {
    this.#handler = handler;
    this.#display = display;
    this.#editor = new LineEditor(handler, display);
  }

  get lineMode(): boolean {
    return this.#lineMode;
  }

  /** Follows the ECHO option. On leaving line mode the host gets what was typed so far, so that nothing is lost. */
  setLineMode(lineMode: boolean): void {
    if (lineMode === this.#lineMode) return;
    this.#lineMode = lineMode;
    if (!lineMode) this.#editor.flush();
  }

  /** Forgets a line begun, as when NVT mode ends. */
  reset(): void {
    this.#editor.clear();
  }

  text(text: string): void {
    if (this.#lineMode) this.#editor.type(text);
    else if (text.length > 0) this.#handler.send(encoder.encode(text.replace(BARE_RETURN, '\r\0')));
  }

  /** Presses a key; false when it has no meaning in NVT mode. */
  key(key: Key): boolean {
    if (key === 'Interrupt') {
      if (this.#lineMode) this.#editor.type(INTERRUPT);
      else this.#handler.interrupt();
      return true;
    }
    const text = key === 'Enter' ? '\r' : keySequence(key, this.#display.applicationCursorKeys);
    if (text === undefined) return false;
    this.text(text);
    return true;
  }
}
