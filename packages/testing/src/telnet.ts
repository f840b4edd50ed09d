/**
 * The few telnet codes that the instruments need (RFC 854, RFC 885). They stand here on their own, so that what judges
 * the engine does not share a mistake with it.
 */
export const IAC = 0xff;
export const EOR = 0xef;
export const SE = 0xf0;
export const SB = 0xfa;
export const WILL = 0xfb;
const WONT = 0xfc;
export const DO = 0xfd;

export const OPTION = { Binary: 0, TimingMark: 6, TerminalType: 24, EndOfRecord: 25, Tn3270e: 40 } as const;

/** IAC DO TIMING-MARK: whoever answers it has dealt with all that came before. RFC 860. */
export const DO_TIMING_MARK = Uint8Array.of(IAC, DO, OPTION.TimingMark);
/** The refusal that 3270 emulators answer it with. */
export const WONT_TIMING_MARK = Uint8Array.of(IAC, WONT, OPTION.TimingMark);

/** Doubles each IAC, as data and the bodies of subnegotiations have it. RFC 854, RFC 855. */
export function doubleIac(data: Uint8Array): Uint8Array {
  const doubled: number[] = [];
  for (const byte of data) {
    doubled.push(byte);
    if (byte === IAC) doubled.push(IAC);
  }
  return Uint8Array.from(doubled);
}

/** A record on the wire: IAC doubled, IAC EOR behind. RFC 885. */
export function frameRecord(record: Uint8Array): Uint8Array {
  return Uint8Array.of(...doubleIac(record), IAC, EOR);
}
