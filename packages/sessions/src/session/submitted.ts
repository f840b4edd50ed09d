import {
  type BufferAddress,
  CHAR_MASK,
  DATA_TYPE,
  FIELD_ATTRIBUTE,
  isNondisplay,
  LiveSession,
  type Screen,
  type Session,
} from '@roundhouse/tn3270';
import { decodeFieldText, decodeInbound } from '@roundhouse/tn3270/host';

/** A field that was changed and sent. Of one that shows nothing there is its place alone. */
interface SubmittedField {
  /** From 1. */
  readonly row: number;
  readonly column: number;
  /** Characters sent. */
  readonly length?: number;
  /** Of these characters, as `digest` makes it. */
  readonly digest?: string;
}

/** What a screen was sent with: never what stood in its fields. */
export interface SubmittedInput {
  /** Name of the AID; `data` where the host takes no 3270 records. */
  readonly aid: string;
  readonly fields: readonly SubmittedField[];
  /** Further fields. */
  readonly omitted: number;
}

export type InputDigest = (text: string) => string;

const MAX_FIELDS = 64;
const CARRIAGE_RETURN = 0x0d;

interface Sent {
  readonly address: BufferAddress;
  readonly isHidden: boolean;
  readonly text: () => string;
}

/**
 * What a record of a terminal sends, before the session's own screen has it; undefined for what is no input that is
 * complete: an answer to a query, a keystroke of a line.
 */
export function submittedRecord(
  session: LiveSession,
  dataType: number,
  body: Uint8Array,
  digest?: InputDigest,
): SubmittedInput | undefined {
  if (dataType !== DATA_TYPE.DATA_3270.code) {
    const isLine = dataType === DATA_TYPE.SSCP_LU_DATA.code || body.includes(CARRIAGE_RETURN);
    return isLine ? { aid: 'data', fields: [], omitted: 0 } : undefined;
  }
  const record = decodeInbound(body);
  if (record.kind !== 'attention') return undefined;
  const { screen } = session.emulator;
  const fields = record.fields.map(
    ({ address, bytes }): Sent => ({
      address,
      isHidden: isHiddenAt(screen, address),
      text: () => decodeFieldText(bytes, session.codePage),
    }),
  );
  return submitted(record.aid, fields, screen, digest);
}

/** What a key that has the host's attention is about to send; undefined for a session that has no screen of its own. */
export function submittedKey(session: Session, key: string, digest?: InputDigest): SubmittedInput | undefined {
  if (!(session instanceof LiveSession)) return undefined;
  const { screen } = session.emulator;
  const fields = screen.fieldStarts.flatMap((start): Sent[] => {
    const attribute = (screen.cells[start] ?? 0) & CHAR_MASK;
    if ((attribute & FIELD_ATTRIBUTE.Modified) === 0) return [];
    return [{ address: screen.next(start), isHidden: isNondisplay(attribute), text: () => textOf(session, start) }];
  });
  return submitted(key, fields, screen, digest);
}

function submitted(
  aid: string,
  fields: readonly Sent[],
  { columns }: Pick<Screen, 'columns'>,
  digest: InputDigest | undefined,
): SubmittedInput {
  return {
    aid,
    fields: fields.slice(0, MAX_FIELDS).map(({ address, isHidden, text }) => {
      const place = { row: Math.floor(address / columns) + 1, column: (address % columns) + 1 };
      if (isHidden) return place;
      const content = text();
      return { ...place, length: [...content].length, ...(digest !== undefined && { digest: digest(content) }) };
    }),
    omitted: Math.max(0, fields.length - MAX_FIELDS),
  };
}

/** An address that is not where a field begins is of another screen than this one: what stands there is not known. */
function isHiddenAt(screen: Screen, address: BufferAddress): boolean {
  if (!screen.formatted) return false;
  if (address >= screen.size) return true;
  return screen.fieldAt(address) !== screen.previous(address) || isNondisplay(screen.attributeAt(address));
}

function textOf({ emulator: { screen }, codePage }: LiveSession, start: BufferAddress): string {
  let text = '';
  for (let at = screen.next(start); (screen.cells[at] ?? -1) >= 0; at = screen.next(at)) {
    const code = (screen.cells[at] ?? 0) & CHAR_MASK;
    if (code !== 0) text += String.fromCodePoint(codePage.toUnicode(code) || 0x20);
  }
  return text;
}
