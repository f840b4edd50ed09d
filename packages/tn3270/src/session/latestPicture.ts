import { COMMANDS } from '../datastream/command.ts';
import { WCC } from '../datastream/wcc.ts';

const ERASING: ReadonlySet<number> = new Set([
  COMMANDS.EW.code,
  COMMANDS.EW.snaCode,
  COMMANDS.EWA.code,
  COMMANDS.EWA.snaCode,
]);
/** What a write does beside drawing, and what therefore outlives the picture. */
const LASTING = WCC.KeyboardRestore | WCC.Reset | WCC.SoundAlarm;

/**
 * The last record that drew a whole new screen, until it is drawn: of several that come in one piece only the last is
 * ever seen. What the write control characters of the others asked for is added to its own.
 */
export class LatestPicture {
  #buffer = new Uint8Array(4_096);
  #length = 0;

  /** Keeps a copy of a record that erases before it writes, in place of the one before. False for any other. */
  keep(record: Uint8Array): boolean {
    const { length } = record;
    if (length < 2 || !ERASING.has(record[0] as number)) return false;
    const lasting = this.#length === 0 ? 0 : (this.#buffer[1] as number) & LASTING;
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(2 * length);
    this.#buffer.set(record);
    this.#buffer[1] = (record[1] as number) | lasting;
    this.#length = length;
    return true;
  }

  /** The record to draw, borrowed until the next `keep`; undefined when there is none. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const record = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return record;
  }
}
