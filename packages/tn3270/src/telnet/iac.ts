import { Buffer } from 'node:buffer';
import { TELNET } from './code.ts';

/**
 * Offset of the first IAC from `from` on, or −1. Searched as Node's Buffer does, whatever the array is: on a screen of
 * text that is eight times as fast as the search of typed arrays.
 */
export function indexOfIac(bytes: Uint8Array, from: number): number {
  return Buffer.prototype.indexOf.call(bytes, TELNET.IAC, from);
}
