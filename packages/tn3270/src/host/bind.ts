import type { CodePage } from '../codepage/codePage.ts';
import type { ScreenSize } from '../screen/screen.ts';

/** What a BIND tells a display. */
export interface BindFacts {
  /** Name of the application, at most 8 characters of the code page. */
  readonly pluName: string;
  readonly defaultSize: ScreenSize;
  /** Undefined when the display is to find its own alternate size. */
  readonly alternateSize: ScreenSize | undefined;
}

/** Longest PLU name. GA27-3136-20, BIND RU byte 27. */
const PLU_NAME_MAX = 8;
/** Largest size that the one-byte rows and columns of a BIND express. */
const SIZE_MAX = 0xff;

/** Both sizes stand in bytes 20-23, or the alternate one is the display's own. GA27-3136-20, BIND RU byte 24. */
const PRESENTATION = { DefaultAndOwn: 0x03, DefaultAndAlternate: 0x7f } as const;

/** The image of a BIND for an LU type 2 session. GA27-3136-20, "BIND (Bind Session)". */
export function encodeBindImage(facts: BindFacts, codePage: CodePage): Uint8Array {
  const { defaultSize, alternateSize } = facts;
  const stated = alternateSize !== undefined && Math.max(alternateSize.rows, alternateSize.columns) <= SIZE_MAX;
  const name = [...facts.pluName]
    .slice(0, PLU_NAME_MAX)
    .map((character) => codePage.fromUnicode(character.codePointAt(0) as number) & 0xff);
  return Uint8Array.from([
    0x31, // BIND
    0x01, // format 0, not negotiable
    0x03, // FM profile 3
    0x03, // TS profile 3
    0xb1,
    0x90, // primary and secondary protocols
    0x30,
    0x80, // common protocols: brackets, half duplex flip-flop
    0x00,
    0x00, // secondary pacing: none
    0x87,
    0xf8, // largest request: 8 × 2^7 from the display, 15 × 2^8 to it
    0x00,
    0x00, // primary pacing: none
    0x02, // LU type 2
    0x80,
    0x00,
    0x00,
    0x00,
    0x00, // extended data stream and query
    defaultSize.rows,
    defaultSize.columns,
    ...(stated ? [alternateSize.rows, alternateSize.columns] : [0x00, 0x00]),
    stated ? PRESENTATION.DefaultAndAlternate : PRESENTATION.DefaultAndOwn,
    0x00,
    0x00, // no compression, no cryptography
    name.length,
    ...name,
    0x00, // no user data
  ]);
}
