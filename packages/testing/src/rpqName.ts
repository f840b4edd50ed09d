/** Query Reply (RPQ Names) of GA23-0059-07: length, id 81 A1, device type and model of four bytes each, the name. */
const REPLY_ID = Uint8Array.of(0x81, 0xa1);
/** What stands before the length of the name. */
const FIXED_BYTES = 12;

/**
 * Puts another product name into the Query Reply (RPQ Names) of a recorded reply. The name is the emulator's own: what
 * stands in a recording says who made it, not how the protocol is spoken.
 *
 * @param name in EBCDIC.
 */
export function withRpqName(reply: Uint8Array, name: Uint8Array): Uint8Array {
  const bytes = Buffer.from(reply);
  for (let at = bytes.indexOf(REPLY_ID); at >= 0; at = bytes.indexOf(REPLY_ID, at + 1)) {
    const start = at - 2;
    const nameLengthAt = start + FIXED_BYTES;
    if (start < 0 || nameLengthAt >= bytes.length) continue;
    const fieldLength = bytes.readUInt16BE(start);
    // The length of the name counts itself.
    const nameLength = bytes[nameLengthAt] as number;
    if (fieldLength !== FIXED_BYTES + nameLength) continue;
    const field = Buffer.alloc(FIXED_BYTES + 1 + name.length);
    bytes.copy(field, 0, start, nameLengthAt);
    field.writeUInt16BE(field.length, 0);
    field[nameLengthAt - start] = name.length + 1;
    field.set(name, FIXED_BYTES + 1);
    return Uint8Array.from(
      Buffer.concat([bytes.subarray(0, start), field, withRpqName(bytes.subarray(start + fieldLength), name)]),
    );
  }
  return reply;
}
