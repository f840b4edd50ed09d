import { INCOMPLETE, REJECTED, REPLACEMENT_CHARACTER, Utf8Decoder } from './utf8.ts';

/** What the parser finds, in the order of the stream. */
export interface NvtParserHandler {
  /** A graphic character: 20 … 7E, A0 and above. */
  print(codePoint: number): void;
  /** A C0 control; never ESC, CAN or SUB. */
  execute(control: number): void;
  /** ESC, at most one intermediate byte (0 when absent), a final byte. */
  escape(intermediate: number, final: number): void;
  /**
   * CSI: private marker and intermediate byte (0 when absent), `count` ≥ 1 parameters, an omitted one being 0. The
   * parameters are borrowed; those from `count` on read 0.
   */
  control(marker: number, parameters: Uint16Array, count: number, intermediate: number, final: number): void;
  /** A sequence was consumed that cannot mean anything here. */
  unknown(): void;
}

/** Most parameters of a control sequence; further ones are dropped. */
export const MAX_PARAMETERS = 20;
/** Largest value of a parameter: more than any screen has cells. */
export const MAX_PARAMETER = 0x7fff;
/** A longer string has lost its terminator; its end shows as text again, so that the host is not silenced for good. */
export const MAX_STRING_BYTES = 0x1_0000;

/** More than one intermediate byte: no such function is known. */
const SEVERAL_INTERMEDIATES = 0xff;

const CLASS = {
  Control: 0,
  Bell: 1,
  Cancel: 2,
  Escape: 3,
  Intermediate: 4,
  Digit: 5,
  Colon: 6,
  Separator: 7,
  Marker: 8,
  Final: 9,
  ControlSequence: 10,
  Command: 11,
  String: 12,
  Delete: 13,
  High: 14,
} as const;

const STATE = {
  Ground: 0,
  Escape: 1,
  EscapeIntermediate: 2,
  Entry: 3,
  Parameter: 4,
  Intermediate: 5,
  Skip: 6,
  Command: 7,
  String: 8,
} as const;

const ACTION = {
  None: 0,
  Execute: 1,
  Begin: 2,
  Marker: 3,
  Intermediate: 4,
  Digit: 5,
  Separator: 6,
  EscapeDispatch: 7,
  ControlDispatch: 8,
  Unknown: 9,
  /** The sequence is broken off by a byte that begins something else. */
  Retake: 10,
  StringByte: 11,
} as const;

type StateName = keyof typeof STATE;
type ClassName = keyof typeof CLASS;
type Move = readonly [action: keyof typeof ACTION, next: StateName];

const classNames = Object.keys(CLASS) as ClassName[];
const FINALS: readonly ClassName[] = ['Final', 'ControlSequence', 'Command', 'String'];
const PARAMETER_BYTES: readonly ClassName[] = ['Digit', 'Colon', 'Separator', 'Marker'];

const all = (classes: readonly ClassName[], move: Move): Partial<Record<ClassName, Move>> =>
  Object.fromEntries(classes.map((name) => [name, move]));

/** Moves of ECMA-48 §5.4 and §5.6 (syntax of control sequences and strings), C0 controls acting inside a sequence. */
function sequence(state: StateName, moves: Partial<Record<ClassName, Move>>): Record<ClassName, Move> {
  return {
    ...(all(classNames, ['None', state]) as Record<ClassName, Move>),
    Control: ['Execute', state],
    Bell: ['Execute', state],
    Cancel: ['Unknown', 'Ground'],
    Escape: ['Begin', 'Escape'],
    High: ['Retake', 'Ground'],
    ...moves,
  };
}

const string = (state: StateName, bell: Move): Record<ClassName, Move> => ({
  ...(all(classNames, ['StringByte', state]) as Record<ClassName, Move>),
  Bell: bell,
  Cancel: ['Unknown', 'Ground'],
  Escape: ['Begin', 'Escape'],
});

const MOVES: Readonly<Record<StateName, Readonly<Record<ClassName, Move>>>> = {
  // Graphic characters do not come to this table.
  Ground: sequence('Ground', { Cancel: ['None', 'Ground'] }),
  Escape: sequence('Escape', {
    ...all([...PARAMETER_BYTES, 'Final'], ['EscapeDispatch', 'Ground']),
    Intermediate: ['Intermediate', 'EscapeIntermediate'],
    ControlSequence: ['Begin', 'Entry'],
    Command: ['Begin', 'Command'],
    String: ['Begin', 'String'],
  }),
  EscapeIntermediate: sequence('EscapeIntermediate', {
    ...all([...PARAMETER_BYTES, ...FINALS], ['EscapeDispatch', 'Ground']),
    Intermediate: ['Intermediate', 'EscapeIntermediate'],
  }),
  Entry: sequence('Entry', {
    ...all(FINALS, ['ControlDispatch', 'Ground']),
    Marker: ['Marker', 'Parameter'],
    Digit: ['Digit', 'Parameter'],
    Separator: ['Separator', 'Parameter'],
    Colon: ['None', 'Skip'],
    Intermediate: ['Intermediate', 'Intermediate'],
  }),
  Parameter: sequence('Parameter', {
    ...all(FINALS, ['ControlDispatch', 'Ground']),
    Digit: ['Digit', 'Parameter'],
    Separator: ['Separator', 'Parameter'],
    Colon: ['None', 'Skip'],
    Marker: ['None', 'Skip'],
    Intermediate: ['Intermediate', 'Intermediate'],
  }),
  Intermediate: sequence('Intermediate', {
    ...all(FINALS, ['ControlDispatch', 'Ground']),
    ...all(PARAMETER_BYTES, ['None', 'Skip']),
    Intermediate: ['Intermediate', 'Intermediate'],
  }),
  Skip: sequence('Skip', all(FINALS, ['Unknown', 'Ground'])),
  // Operating system command: BEL ends it too, as xterm has it.
  Command: string('Command', ['None', 'Ground']),
  // Device control, privacy message, application program command, start of string: up to ST.
  String: string('String', ['StringByte', 'String']),
};

const CLASS_SHIFT = 4;

/** Action (high half) and next state (low half) by state and class. */
const TABLE: Uint8Array = (() => {
  const table = new Uint8Array(Object.keys(STATE).length << CLASS_SHIFT);
  for (const [state, moves] of Object.entries(MOVES)) {
    for (const [name, [action, next]] of Object.entries(moves)) {
      const index = (STATE[state as StateName] << CLASS_SHIFT) | CLASS[name as ClassName];
      table[index] = (ACTION[action] << 4) | STATE[next];
    }
  }
  return table;
})();

const classOf = (byte: number): number => {
  if (byte >= 0x80) return CLASS.High;
  if (byte === 0x7f) return CLASS.Delete;
  if (byte === 0x5b) return CLASS.ControlSequence;
  if (byte === 0x5d) return CLASS.Command;
  if (byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) return CLASS.String;
  if (byte >= 0x40) return CLASS.Final;
  if (byte >= 0x3c) return CLASS.Marker;
  if (byte === 0x3b) return CLASS.Separator;
  if (byte === 0x3a) return CLASS.Colon;
  if (byte >= 0x30) return CLASS.Digit;
  if (byte >= 0x20) return CLASS.Intermediate;
  if (byte === 0x1b) return CLASS.Escape;
  if (byte === 0x18 || byte === 0x1a) return CLASS.Cancel;
  return byte === 0x07 ? CLASS.Bell : CLASS.Control;
};

const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));

/**
 * Splits the text of an NVT session, UTF-8 with ECMA-48 control functions, into characters and functions. Incremental
 * and total: chunks may be cut anywhere and every byte is consumed. It keeps no more than one sequence's parameters.
 */
export class NvtParser {
  readonly #handler: NvtParserHandler;
  readonly #utf8 = new Utf8Decoder();
  readonly #parameters = new Uint16Array(MAX_PARAMETERS);
  #state: number = STATE.Ground;
  /** Index of the parameter being read; may pass the end of the array, whose writes are then lost. */
  #index = 0;
  #marker = 0;
  #intermediate = 0;
  #stringBytes = 0;

  constructor(handler: NvtParserHandler) {
    this.#handler = handler;
  }

  /** Forgets a sequence or character begun. */
  reset(): void {
    this.#state = STATE.Ground;
    this.#utf8.reset();
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (this.#state === STATE.Ground && this.#graphic(byte)) continue;
      this.#step(byte);
    }
  }

  /** Handles a byte of text; false when it is a control. */
  #graphic(byte: number): boolean {
    if (this.#utf8.pending) {
      const codePoint = this.#utf8.push(byte);
      if (codePoint !== REJECTED) {
        if (codePoint !== INCOMPLETE) this.#print(codePoint);
        return true;
      }
      this.#handler.print(REPLACEMENT_CHARACTER);
    }
    if (byte < 0x20 || byte === 0x7f) return false;
    if (byte >= 0x80 && byte < 0xa0) {
      this.#handler.unknown();
      return true;
    }
    const codePoint = this.#utf8.push(byte);
    if (codePoint !== INCOMPLETE) this.#print(codePoint);
    return true;
  }

  /** C1 controls, which are not graphic, have no meaning in their eight-bit form here. */
  #print(codePoint: number): void {
    if (codePoint < 0x80 || codePoint >= 0xa0) this.#handler.print(codePoint);
    else this.#handler.unknown();
  }

  #step(byte: number): void {
    const move = TABLE[(this.#state << CLASS_SHIFT) | (CLASSES[byte] as number)] as number;
    this.#state = move & 0x0f;
    switch (move >> 4) {
      case ACTION.Execute:
        this.#handler.execute(byte);
        return;
      case ACTION.Begin:
        this.#parameters.fill(0);
        this.#index = 0;
        this.#marker = 0;
        this.#intermediate = 0;
        this.#stringBytes = 0;
        return;
      case ACTION.Marker:
        this.#marker = byte;
        return;
      case ACTION.Intermediate:
        this.#intermediate = this.#intermediate === 0 ? byte : SEVERAL_INTERMEDIATES;
        return;
      case ACTION.Digit: {
        const value = (this.#parameters[this.#index] ?? 0) * 10 + byte - 0x30;
        this.#parameters[this.#index] = Math.min(value, MAX_PARAMETER);
        return;
      }
      case ACTION.Separator:
        if (this.#index < MAX_PARAMETERS) this.#index++;
        return;
      case ACTION.EscapeDispatch:
        this.#handler.escape(this.#intermediate, byte);
        return;
      case ACTION.ControlDispatch: {
        const count = Math.min(this.#index + 1, MAX_PARAMETERS);
        this.#handler.control(this.#marker, this.#parameters, count, this.#intermediate, byte);
        return;
      }
      case ACTION.Unknown:
        this.#handler.unknown();
        return;
      case ACTION.Retake:
        this.#handler.unknown();
        this.#graphic(byte);
        return;
      case ACTION.StringByte:
        this.#stringBytes++;
        if (this.#stringBytes < MAX_STRING_BYTES) return;
        this.#state = STATE.Ground;
        this.#handler.unknown();
        return;
      default:
        return;
    }
  }
}
