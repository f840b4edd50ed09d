import { AID, type AidByte } from '../datastream/aid.ts';
import type { BufferAddress } from '../datastream/address.ts';
import { isDetectable } from '../datastream/attribute.ts';
import { type Cell, charOf, isField } from '../screen/cell.ts';
import type { Screen } from '../screen/screen.ts';
import { replaceCharacter } from './edit.ts';

/** EBCDIC of the designator, the first character of a detectable field. */
const DESIGNATOR = { Null: 0x00, Space: 0x40, Ampersand: 0x50, Selected: 0x6e, Unselected: 0x6f } as const;

/**
 * Selects the field at `address` as a light pen or the Cursor Select key does. The designator decides: `?` and `>` mark
 * the field as selected or not; null, space and `&` ask for an AID, which is returned; null when the host hears nothing
 * of it. `unavailable` when the field is not detectable or has no designator.
 */
export function selectField(screen: Screen, address: BufferAddress): AidByte | null | 'unavailable' {
  if (!isDetectable(screen.attributeAt(address))) return 'unavailable';
  const { cells } = screen;
  const at = screen.next(screen.fieldAt(address));
  const cell = cells[at] as Cell;
  switch (isField(cell) ? DESIGNATOR.Null : charOf(cell)) {
    case DESIGNATOR.Selected:
      cells[at] = replaceCharacter(cell, DESIGNATOR.Unselected);
      screen.setModified(address, false);
      screen.changed(false);
      return null;
    case DESIGNATOR.Unselected:
      cells[at] = replaceCharacter(cell, DESIGNATOR.Selected);
      screen.setModified(address, true);
      screen.changed(false);
      return null;
    case DESIGNATOR.Null:
    case DESIGNATOR.Space:
      screen.setModified(address, true);
      return AID.Select;
    case DESIGNATOR.Ampersand:
      screen.setModified(address, true);
      return AID.Enter;
    default:
      return 'unavailable';
  }
}
