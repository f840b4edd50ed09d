import { createHash } from 'node:crypto';
import { type Cell, CHAR_MASK, isProtected, type Screen, type Session } from '@roundhouse/tn3270';
import type { NavigationScript } from '../navigation/script.ts';
import { lacks } from '../navigation/shown.ts';
import type { Signature } from '../navigation/signature.ts';

/** EBCDIC. */
const BLANK = 0x40;

/** How a session looked when it was parked for the first time, before anybody used it. */
export interface ParkMark {
  readonly connectionState: Session['connectionState'];
  /** Digest of what may not change; the text itself is not kept. */
  readonly digest: string;
}

/**
 * The screen where a session is kept ready: what the last step of a script leads to. A session that comes back has to
 * show it again, and to hold in its input fields what it held at first: so nothing that a person typed is left in one.
 * Where the script does not say what its last step leads to, the whole screen has to be the same.
 */
export class ParkScreen {
  readonly #signature: Signature | undefined;

  constructor({ steps }: NavigationScript) {
    this.#signature = endOf(steps);
  }

  mark(session: Session): ParkMark {
    return { connectionState: session.connectionState, digest: this.#digest(session.screen) };
  }

  /** What a session lacks to stand there, in words; nothing of what it shows. Empty when it does. */
  lacks(session: Session, mark: ParkMark): readonly string[] {
    const missing = lacks(session, this.#signature);
    const { connectionState } = session;
    if (connectionState === 'not-connected') missing.push('a connection');
    else if (connectionState !== mark.connectionState) missing.push(`the connection state ${mark.connectionState}`);
    if (this.#digest(session.screen) !== mark.digest) {
      missing.push(
        this.#signature === undefined ? 'the screen that it had at first' : 'the input that it had at first',
      );
    }
    return missing;
  }

  #digest(screen: Screen): string {
    const digest = createHash('sha256');
    digest.update(`${screen.rows}×${screen.columns}`);
    digest.update(held(screen, this.#signature !== undefined));
    return digest.digest('base64');
  }
}

/** A last step that may be skipped says nothing of where the script ends. */
function endOf(steps: NavigationScript['steps']): Signature | undefined {
  const last = steps.at(-1);
  if (last === undefined || last.when !== undefined) return undefined;
  return last.leadsTo ?? (last.actions.length === 0 ? last.expect : undefined);
}

/** A number for each character of the input fields, or of the whole screen; NUL, blank and what is left out are the same. */
function held(screen: Screen, inputOnly: boolean): Uint32Array {
  const { cells, size } = screen;
  const codes = new Uint32Array(size).fill(BLANK);
  for (let at = 0; at < size; at++) {
    const cell = cells[at] as Cell;
    if (cell < 0 || (inputOnly && isProtected(screen.attributeAt(at)))) continue;
    const code = screen.unicodeAt(at) || cell & CHAR_MASK;
    if (code !== 0) codes[at] = code;
  }
  return codes;
}
