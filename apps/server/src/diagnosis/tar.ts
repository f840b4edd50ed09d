/** One file of an archive. */
interface TarFile {
  /** 1 … 100 ASCII characters, `/` between folders. */
  readonly name: string;
  readonly content: Buffer;
}

const BLOCK = 512;
const MS_PER_SECOND = 1_000;
const MAX_NAME = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;

/** An archive in the format ustar (POSIX.1-1988, `pax` utility), its files private to the owner; `at` in ms since 1970. */
export function tar(files: readonly TarFile[], at: number): Buffer {
  const parts: Buffer[] = [];
  for (const { name, content } of files) {
    parts.push(header(name, content.length, at), content, Buffer.alloc(-content.length & (BLOCK - 1)));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header(name: string, size: number, at: number): Buffer {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > MAX_NAME) throw new RangeError(`no name for an archive: ${name}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
  };
  block.write(name, 0, 'latin1');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, Math.floor(at / MS_PER_SECOND)), 136, 12);
  block.fill(' ', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_LENGTH);
  block.write('0', 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, CHECKSUM_AT, 'latin1');
  return block;
}
