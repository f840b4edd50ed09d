import type { EventSource } from '@roundhouse/core';
import type {
  CodePage,
  ConnectionState,
  Emulator,
  Key,
  LiveSession,
  LockReason,
  Model,
  Screen,
  Session,
  SessionEvents,
} from '@roundhouse/tn3270';

/** What became of a keystroke, typed ahead or acted upon at once. */
export type Stroke =
  | 'taken'
  /** The keyboard is locked, or the key has no meaning now. */
  | 'refused'
  /** The host's code page has no such character. */
  | 'unmappable';

/** A session as the person at the terminal has it. */
export interface TerminalSession extends EventSource<SessionEvents> {
  readonly screen: Screen;
  readonly codePage: CodePage;
  readonly model: Model;
  readonly connectionState: ConnectionState;
  readonly lu: string | null;
  readonly tls: Session['tls'];
  readonly lockReason: LockReason | null;
  readonly insertMode: boolean;
  /** Whether keys and text go to a character terminal instead of the 3270 keyboard. */
  readonly inNvt: boolean;
  /** An NVT host may hide the cursor. */
  readonly cursorVisible: boolean;
  /** Strokes that wait for the unlock. */
  readonly typedAhead: number;
  setInsertMode(on: boolean): void;
  press(key: Key): Stroke;
  /** Types one character, or in NVT mode any text. */
  type(text: string): Stroke;
}

/** The keyboard of a live session in the hands of a person. A session that has ended refuses every stroke. */
export function terminalSession(live: LiveSession): TerminalSession {
  const { keyboard, nvtInput } = live.emulator;
  const operate = (work: (emulator: Emulator) => Stroke): Stroke =>
    live.connectionState === 'not-connected' ? 'refused' : live.operate(work);
  return {
    get screen() {
      return live.screen;
    },
    codePage: live.codePage,
    model: live.model,
    get connectionState() {
      return live.connectionState;
    },
    get lu() {
      return live.lu;
    },
    get tls() {
      return live.tls;
    },
    get lockReason() {
      return live.lockReason;
    },
    get insertMode() {
      return keyboard.insertMode;
    },
    get inNvt() {
      return live.emulator.inNvt;
    },
    get cursorVisible() {
      return live.emulator.cursorVisible;
    },
    get typedAhead() {
      return keyboard.typedAhead;
    },
    on: (name, listener) => live.on(name, listener),
    setInsertMode(on) {
      keyboard.insertMode = on;
    },
    press: (key) =>
      operate(({ inNvt }) => {
        if (inNvt && key !== 'Attn' && key !== 'Reset') return nvtInput.key(key) ? 'taken' : 'refused';
        return strokeOf(keyboard.press(key));
      }),
    type: (text) =>
      operate(({ inNvt }) => {
        if (!inNvt) return strokeOf(keyboard.type(text).outcome);
        nvtInput.text(text);
        return 'taken';
      }),
  };
}

function strokeOf(outcome: ReturnType<Emulator['keyboard']['press']>): Stroke {
  if (outcome === 'ok' || outcome === 'queued') return 'taken';
  return outcome === 'unmappable' ? 'unmappable' : 'refused';
}
