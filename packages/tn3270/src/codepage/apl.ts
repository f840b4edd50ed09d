import type { AplPage } from './codePage.ts';
import { graphicLookup } from './lookup.ts';

/**
 * Code page 310, "Graphic Escape APL/TN", in Unicode as the reference emulator has it. Unicode has no underlined
 * letters (41 … 69): they are shown as the plain letter.
 */
const GRAPHICS = `
0020 0041 0042 0043 0044 0045 0046 0047 0048 0049 ---- ---- ---- ---- ---- ----
---- 004a 004b 004c 004d 004e 004f 0050 0051 0052 ---- ---- ---- ---- ---- ----
---- ---- 0053 0054 0055 0056 0057 0058 0059 005a ---- ---- ---- ---- ---- ----
22c4 2227 00a8 233b 2378 2377 22a2 22a3 2228 ---- ---- ---- ---- ---- ---- ----
223c ---- ---- 23b8 23b9 2502 ---- ---- ---- ---- 2191 2193 2264 2308 230a 2192
2395 258c 2590 2580 2584 25a0 ---- ---- ---- ---- 2283 2282 00a4 25cb 00b1 2190
00af 00b0 2500 2022 ---- ---- ---- ---- ---- ---- 2229 222a 22a5 005b 2265 2218
237a 220a 2373 2374 2375 ---- 00d7 005c 00f7 ---- 2207 2206 22a4 005d 2260 2223
007b 207c 002b 220e 2514 250c 251c 2534 00a7 ---- 2372 2371 2337 233d 2342 2349
007d 207e 002d 253c 2518 2510 2524 252c 00b6 ---- 2336 0021 2352 234b 235e 235d
2261 2081 0282 0283 2364 2365 236a 20ac ---- ---- 233f 2340 2235 2296 2339 2355
2070 00b9 00b2 00b3 2074 2075 2076 2077 2078 2079 ---- 236b 2359 235f 234e ----
`;

/** Codes of the underlined letters A … Z. */
const UNDERLINED = [
  0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x62,
  0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
] as const;

/** Ⓐ: APL fonts draw the circled letters as the underlined ones. */
const CIRCLED_A = 0x24b6;

const SPACE = 0x40;

/** A plain letter and the space belong to the base page: they are never sent with GE. */
const lookup = graphicLookup(GRAPHICS, [SPACE, ...UNDERLINED]);

/** Code page 310. `fromUnicode` takes Ⓐ … Ⓩ for the underlined letters. */
export const APL: AplPage = {
  toUnicode: (code) => lookup.toUnicode(code),
  fromUnicode: (codePoint) => UNDERLINED[codePoint - CIRCLED_A] ?? lookup.fromUnicode(codePoint),
};
