import type { OperatorView } from './compose.ts';
import type { InputEvent } from './input.ts';
import { actionOf, type KeyAction, nvtText } from './keymap.ts';
import { MENU_KEYS, type Panel } from './panel.ts';
import type { Stroke, TerminalSession } from './session.ts';

/** What the operator's keys ask of the terminal beside the session. */
export interface OperatorHandler {
  redraw(): void;
  ring(): void;
  quit(): void;
}

const PREFIX_NOTICE = 'Alt- (next key)';

/** Chords that leave a session that has ended. */
const LEAVES: ReadonlySet<string> = new Set(['Enter', 'Escape', 'Ctrl-]', 'Ctrl-C', 'Ctrl-D']);

/** Takes what the person does at the terminal: to the session through the keymap, or to the panel that is open. */
export class Operator implements OperatorView {
  readonly #session: TerminalSession;
  readonly #handler: OperatorHandler;
  #panel: Panel | null = null;
  #notice: string | null = null;
  /** The next key counts as with Alt. */
  #hasPrefix = false;
  #ended: string | undefined;

  constructor(session: TerminalSession, handler: OperatorHandler) {
    this.#session = session;
    this.#handler = handler;
  }

  get panel(): Panel | null {
    return this.#panel;
  }

  get notice(): string | null {
    return this.#ended ?? (this.#hasPrefix ? PREFIX_NOTICE : this.#notice);
  }

  /** The session has ended: the last screen stays until the person leaves. `code` is that of the error, if any. */
  sessionEnded(code: string | undefined): void {
    this.#ended = `Session ended${code === undefined ? '' : ` (${code})`}. Enter leaves.`;
    this.#panel = null;
  }

  handle(event: InputEvent): void {
    this.#notice = null;
    if (this.#ended !== undefined) this.#leave(event);
    else if (this.#panel !== null) this.#inPanel(this.#panel, event);
    else if (event.type === 'key') this.#key(event.chord);
    else if (event.type === 'paste') this.#paste(event.text);
    else this.#text(event.text);
  }

  #leave(event: InputEvent): void {
    if (event.type === 'key' && LEAVES.has(event.chord)) this.#handler.quit();
  }

  #inPanel(panel: Panel, event: InputEvent): void {
    const pressed = event.type === 'text' ? event.text.charAt(0).toLowerCase() : '';
    this.#panel = null;
    if (panel.kind === 'help' && pressed === ' ') this.#panel = { kind: 'help', page: panel.page + 1 };
    else if (panel.kind !== 'menu') return;
    else if (pressed === MENU_KEYS.quit) this.#handler.quit();
    else if (pressed === MENU_KEYS.help || pressed === '?') this.#panel = { kind: 'help', page: 0 };
    else if (pressed === MENU_KEYS.about) this.#panel = { kind: 'about' };
    else if (event.type === 'key' && actionOf(event.chord) === 'Menu' && this.#session.inNvt) {
      this.#session.type(nvtText(event.chord) ?? '');
    }
  }

  #key(chord: string): void {
    const { inNvt } = this.#session;
    const effective = this.#hasPrefix && actionOf(chord) !== 'Prefix' ? `Alt-${chord}` : chord;
    const action = actionOf(effective);
    if (action === 'Prefix' && !inNvt) {
      this.#hasPrefix = !this.#hasPrefix;
      return;
    }
    this.#hasPrefix = false;
    const text = inNvt && action !== 'Menu' ? nvtText(effective) : undefined;
    if (text !== undefined) this.#session.type(text);
    else if (action === undefined) this.#handler.ring();
    else this.#act(action);
  }

  #act(action: KeyAction): void {
    switch (action) {
      case 'Menu':
        this.#panel = { kind: 'menu' };
        return;
      case 'Redraw':
        return this.#handler.redraw();
      case 'ToggleInsert':
        if (this.#session.inNvt) this.#handler.ring();
        else this.#session.setInsertMode(!this.#session.insertMode);
        return;
      case 'Prefix':
        return;
      default:
        this.#settle(this.#session.press(action));
    }
  }

  #text(text: string): void {
    let rest = text;
    if (this.#hasPrefix) {
      const [first = ''] = text;
      this.#key(first);
      rest = text.slice(first.length);
    }
    if (this.#session.inNvt) this.#session.type(rest);
    else for (const character of rest) this.#settle(this.#session.type(character));
  }

  /** Pasted lines begin where the lines of the form do. What does not fit ends the paste: the operator has to look. */
  #paste(text: string): void {
    this.#hasPrefix = false;
    const { inNvt } = this.#session;
    for (const part of text.match(inNvt ? /\n|[^\n]+/g : /[^]/gu) ?? []) {
      if (this.#settle(this.#pastePart(part, inNvt)) === 'refused') return;
    }
  }

  #pastePart(part: string, inNvt: boolean): Stroke {
    if (part === '\n') return this.#session.press(inNvt ? 'Enter' : 'Newline');
    return part === '\t' && !inNvt ? this.#session.press('Tab') : this.#session.type(part);
  }

  /** The message never shows the character: the field may be a hidden one. */
  #settle(stroke: Stroke): Stroke {
    if (stroke === 'unmappable') this.#notice = `Code page ${this.#session.codePage.id} has no such character`;
    if (stroke !== 'taken') this.#handler.ring();
    return stroke;
  }
}
