/**
 * What the user's terminal sends. A chord is the name of a key with its modifiers before it, in the order Ctrl, Alt,
 * Shift: `Enter`, `F3`, `Shift-F1`, `Alt-a`, `Ctrl-R`, `Ctrl-Left`.
 */
export type InputEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'key'; readonly chord: string }
  /** A piece of a bracketed paste: printable characters, tabs and line feeds. */
  | { readonly type: 'paste'; readonly text: string };

type State =
  | 'ground'
  /** ESC, once or twice. */
  | 'escape'
  | 'csi'
  | 'ss3'
  /** `CSI [`: function keys of the Linux console. */
  | 'console'
  | 'paste'
  /** The beginning of what may be the end of a paste. */
  | 'paste-escape';

const ESC = 0x1b;
const DEL = 0x7f;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;

/** A longer sequence is none that a key sends. */
const MAX_PARAMETER_BYTES = 32;
const PASTE_END = '\x1b[201~';

/** Final bytes of CSI and SS3. Sources: DEC STD 070; xterm, "PC-Style Function Keys". */
const FINALS: Readonly<Record<string, string>> = {
  A: 'Up',
  B: 'Down',
  C: 'Right',
  D: 'Left',
  F: 'End',
  H: 'Home',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
};

/** Keypad in application mode, SS3. */
const KEYPAD: Readonly<Record<string, string>> = { M: 'Enter', I: 'Tab' };
/** Digits and signs of the keypad in application mode stand this far above their characters. */
const KEYPAD_OFFSET = 0x40;
const KEYPAD_CHARACTERS = /^[j-y]$/;

/** Numbers of `CSI n ~`. F21 and beyond are xterm's. */
const NUMBERS: Readonly<Record<number, string>> = {
  1: 'Home',
  2: 'Insert',
  3: 'Delete',
  4: 'End',
  5: 'PageUp',
  6: 'PageDown',
  7: 'Home',
  8: 'End',
  ...numbered('F', 1, [11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24]),
  ...numbered('F', 13, [25, 26, 28, 29, 31, 32, 33, 34, 42, 43, 44, 45]),
};
const PASTE_BEGINS = 200;
/** `CSI 27 ; modifiers ; code ~`, xterm's modifyOtherKeys. */
const OTHER_KEY = 27;

/** Bits of the modifier parameter less one. */
const SHIFT = 1;
const ALT = 2;
const CTRL = 4;
/** Sent as Meta by some keyboards. */
const META = 8;

/** Characters that have a name as a key. */
const NAMED_CODES: Readonly<Record<number, string>> = {
  [TAB]: 'Tab',
  [CR]: 'Enter',
  [ESC]: 'Escape',
  [DEL]: 'Backspace',
};
/** Codes from here on are no characters, or those that terminals number keys with. */
const FIRST_SURROGATE = 0xd800;
const FIRST_AFTER_C1 = 0xa0;

/**
 * Decodes the bytes of a terminal in UTF-8, cut anywhere. It knows no time: when `isPending` and nothing follows soon,
 * `flush` says that the key was Esc alone, or Alt with a character that begins sequences.
 */
export class InputDecoder {
  #state: State = 'ground';
  /** Escapes seen before the sequence: two are Esc and a sequence, or Alt and a function key. */
  #escapes = 0;
  #parameters = '';
  /** Bytes of a character that is not complete, and how many it has. */
  #character: number[] = [];
  #characterBytes = 0;
  #withAlt = false;
  /** What of PASTE_END has come. */
  #pasteEnd = '';
  #afterReturn = false;
  #events: InputEvent[] = [];
  #text = '';

  /** Whether bytes wait for more. */
  get isPending(): boolean {
    return (
      (this.#state !== 'ground' && this.#state !== 'paste' && this.#state !== 'paste-escape') ||
      this.#characterBytes > 0
    );
  }

  push(bytes: Uint8Array): InputEvent[] {
    for (const byte of bytes) this.#byte(byte);
    return this.#take();
  }

  /** Nothing followed: what waits is complete as it is. */
  flush(): InputEvent[] {
    if (!this.isPending) return [];
    const state = this.#state;
    this.#dropCharacter();
    if (state === 'paste') return this.#take();
    for (let escapes = state === 'escape' ? this.#escapes : this.#escapes - 1; escapes > 0; escapes--)
      this.#key('Escape');
    if (state === 'csi' && this.#parameters === '') this.#key('Alt-[');
    else if (state === 'ss3' && this.#parameters === '') this.#key('Alt-O');
    this.#ground();
    return this.#take();
  }

  #take(): InputEvent[] {
    this.#endText();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #byte(byte: number): void {
    if (this.#characterBytes > 0) {
      if ((byte & 0xc0) === 0x80) return this.#continueCharacter(byte);
      this.#dropCharacter();
    }
    switch (this.#state) {
      case 'ground':
        return this.#inGround(byte, false);
      case 'escape':
        return this.#inEscape(byte);
      case 'csi':
      case 'ss3':
        return this.#inSequence(byte);
      case 'console':
        return this.#inConsole(byte);
      case 'paste':
        return this.#inPaste(byte);
      case 'paste-escape':
        return this.#inPasteEscape(byte);
    }
  }

  #inGround(byte: number, withAlt: boolean): void {
    if (byte === ESC) {
      this.#state = 'escape';
      this.#escapes = 1;
    } else if (byte >= 0x80) this.#beginCharacter(byte, withAlt);
    else if (byte < 0x20 || byte === DEL) this.#key(controlChord(byte, withAlt));
    else this.#printable(String.fromCharCode(byte), withAlt);
  }

  #inEscape(byte: number): void {
    if (byte === ESC) {
      // A third one: the first was the key.
      if (this.#escapes === 2) this.#key('Escape');
      else this.#escapes++;
      return;
    }
    if (byte === 0x5b || byte === 0x4f) {
      this.#state = byte === 0x5b ? 'csi' : 'ss3';
      this.#parameters = '';
      return;
    }
    if (this.#escapes === 2) this.#key('Escape');
    this.#ground();
    this.#inGround(byte, true);
  }

  #inSequence(byte: number): void {
    if (byte < 0x20 || byte >= DEL) {
      // No key sends this; the byte begins something new.
      this.#ground();
      this.#inGround(byte, false);
    } else if (byte < 0x40) {
      if (this.#parameters.length < MAX_PARAMETER_BYTES) this.#parameters += String.fromCharCode(byte);
    } else if (this.#state === 'csi' && byte === 0x5b && this.#parameters === '') this.#state = 'console';
    else this.#endSequence(String.fromCharCode(byte));
  }

  #inConsole(byte: number): void {
    const number = byte - 0x40;
    const alt = this.#escapes === 2;
    this.#ground();
    if (number >= 1 && number <= 5) this.#key(named(`F${number}`, alt ? ALT : 0));
    else if (byte < 0x20) this.#inGround(byte, false);
  }

  #endSequence(final: string): void {
    const { length } = this.#parameters;
    const numbers = /^[\d;]*$/.test(this.#parameters) ? this.#parameters.split(';').map(Number) : undefined;
    const isSs3 = this.#state === 'ss3';
    const modifiers = this.#escapes === 2 ? ALT : 0;
    this.#ground();
    // Private parameters are answers of the terminal, and nobody has asked.
    if (numbers === undefined || length >= MAX_PARAMETER_BYTES) return;
    if (isSs3) this.#functionKey(final, numbers.at(-1) ?? 0, modifiers);
    else if (final === '~') this.#numberedKey(numbers, modifiers);
    else if (final === 'u') this.#codedKey(numbers[0] ?? 0, modifiers | modifierBits(numbers[1]));
    else if (final === 'Z') this.#key(named('Tab', modifiers | SHIFT));
    else if (FINALS[final] !== undefined) this.#key(named(FINALS[final], modifiers | modifierBits(numbers[1])));
  }

  #functionKey(final: string, parameter: number, modifiers: number): void {
    const name = FINALS[final] ?? KEYPAD[final];
    if (name !== undefined) this.#key(named(name, modifiers | modifierBits(parameter)));
    else if (KEYPAD_CHARACTERS.test(final)) {
      this.#printable(String.fromCharCode(final.charCodeAt(0) - KEYPAD_OFFSET), modifiers !== 0);
    }
  }

  #numberedKey([number = 0, modifier, code = 0]: number[], modifiers: number): void {
    const bits = modifiers | modifierBits(modifier);
    if (number === PASTE_BEGINS) {
      this.#endText();
      this.#state = 'paste';
    } else if (number === OTHER_KEY) this.#codedKey(code, bits);
    else if (NUMBERS[number] !== undefined) this.#key(named(NUMBERS[number], bits));
  }

  /** A key told by the code of its character. */
  #codedKey(code: number, modifiers: number): void {
    const name = NAMED_CODES[code];
    if (name !== undefined) return this.#key(named(name, modifiers));
    if (code < 0x20 || (code > DEL && code < FIRST_AFTER_C1) || code >= FIRST_SURROGATE) return;
    const character = String.fromCharCode(code);
    if ((modifiers & CTRL) === 0) return this.#printable(character, (modifiers & ALT) !== 0);
    this.#key(named(code === 0x20 ? 'Space' : character.toUpperCase(), modifiers & ~SHIFT));
  }

  #inPaste(byte: number): void {
    if (byte === ESC) {
      this.#state = 'paste-escape';
      this.#pasteEnd = '\x1b';
    } else if (byte >= 0x80) this.#beginCharacter(byte, false);
    else this.#pasted(byte);
  }

  #inPasteEscape(byte: number): void {
    this.#pasteEnd += String.fromCharCode(byte);
    if (this.#pasteEnd === PASTE_END) {
      this.#endText();
      this.#afterReturn = false;
      this.#state = 'ground';
    } else if (!PASTE_END.startsWith(this.#pasteEnd)) {
      // Only text was copied: what looks like a sequence loses its ESC.
      const bytes = this.#pasteEnd.slice(1);
      this.#state = 'paste';
      for (const character of bytes) this.#inPaste(character.charCodeAt(0));
    }
  }

  /** Line ends of every kind become line feeds; other controls are left out. */
  #pasted(byte: number): void {
    const isSecondOfPair = byte === LF && this.#afterReturn;
    this.#afterReturn = byte === CR;
    if (isSecondOfPair) return;
    if (byte === CR || byte === LF) this.#text += '\n';
    else if (byte === TAB || (byte >= 0x20 && byte !== DEL)) this.#text += String.fromCharCode(byte);
  }

  #beginCharacter(byte: number, withAlt: boolean): void {
    // RFC 3629 §4; anything else is no first byte.
    this.#characterBytes = byte >= 0xf5 ? 0 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
    this.#character = [byte];
    this.#withAlt = withAlt;
  }

  #continueCharacter(byte: number): void {
    this.#character.push(byte);
    if (this.#character.length < this.#characterBytes) return;
    const text = Buffer.from(this.#character).toString('utf8');
    const withAlt = this.#withAlt;
    this.#dropCharacter();
    // C1 controls are no text, and U+FFFD stands for bytes that are no character.
    if (/[\u0080-\u009f\ufffd]/.test(text)) return;
    this.#afterReturn = false;
    if (this.#state === 'paste') this.#text += text;
    else this.#printable(text, withAlt);
  }

  #dropCharacter(): void {
    this.#characterBytes = 0;
    this.#character = [];
    this.#withAlt = false;
  }

  #printable(text: string, withAlt: boolean): void {
    if (withAlt) this.#key(`Alt-${text}`);
    else this.#text += text;
  }

  #key(chord: string): void {
    this.#endText();
    this.#events.push({ type: 'key', chord });
  }

  #endText(): void {
    if (this.#text === '') return;
    const type = this.#state === 'paste' || this.#state === 'paste-escape' ? 'paste' : 'text';
    this.#events.push({ type, text: this.#text });
    this.#text = '';
  }

  #ground(): void {
    this.#state = 'ground';
    this.#escapes = 0;
    this.#parameters = '';
  }
}

function numbered(prefix: string, first: number, numbers: readonly number[]): Record<number, string> {
  return Object.fromEntries(numbers.map((number, index) => [number, `${prefix}${first + index}`]));
}

function controlChord(byte: number, withAlt: boolean): string {
  const modifiers = withAlt ? ALT : 0;
  const name = NAMED_CODES[byte];
  if (name !== undefined) return named(name, modifiers);
  return named(byte === 0 ? 'Space' : String.fromCharCode(byte | 0x40), modifiers | CTRL);
}

/** Bits of a modifier parameter, which counts from 1; Meta is taken for Alt. */
function modifierBits(parameter = 1): number {
  const bits = Math.max(parameter - 1, 0);
  return (bits & (SHIFT | ALT | CTRL)) | ((bits & META) === 0 ? 0 : ALT);
}

function named(name: string, modifiers: number): string {
  const ctrl = (modifiers & CTRL) === 0 ? '' : 'Ctrl-';
  const alt = (modifiers & ALT) === 0 ? '' : 'Alt-';
  const shift = (modifiers & SHIFT) === 0 ? '' : 'Shift-';
  return `${ctrl}${alt}${shift}${name}`;
}
