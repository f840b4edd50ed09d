import type { BufferAddress } from '../datastream/address.ts';
import { FORMAT_CONTROLS, ORDERS } from '../datastream/order.ts';
import { CELL_CHARSET, CHARSET_SHIFT } from './cell.ts';
import type { Screen } from './screen.ts';

const SPACE = 0x40;

/**
 * Draws SSCP-LU data: plain characters that run on and scroll, NL the only control. Some hosts send 3270 orders here all
 * the same: SF becomes a blank, SBA and IC are passed over, as the reference does. (RFC 2355 §3.3)
 */
export class SscpWriter {
  readonly #screen: Screen;
  #address: BufferAddress = 0;
  #inputStart: BufferAddress = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Where the operator's input begins: where the host left off. */
  get inputStart(): BufferAddress {
    return this.#inputStart;
  }

  /** The buffer was cleared: input begins at the top again. */
  reset(): void {
    this.#address = 0;
    this.#inputStart = 0;
  }

  /** The host goes on at `address`, where the operator's input ended. */
  continueAt(address: BufferAddress): void {
    this.#address = address;
  }

  /** A scroll moved what stands on the screen up by a row. */
  scrolled(): void {
    if (this.#inputStart > this.#screen.columns) this.#inputStart -= this.#screen.columns;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      const code = bytes[at] as number;
      switch (code) {
        case FORMAT_CONTROLS.NL.code:
          this.#newLine();
          break;
        case ORDERS.SF.code:
          at++;
          this.#put(SPACE);
          break;
        case ORDERS.IC.code:
          break;
        case ORDERS.SBA.code:
          at += 2;
          break;
        case ORDERS.GE.code: {
          at++;
          if (at >= bytes.length) break;
          const character = bytes[at] as number;
          this.#put((character <= SPACE ? SPACE : character) | (CELL_CHARSET.Escape << CHARSET_SHIFT));
          break;
        }
        default:
          this.#put(code);
      }
    }
    this.#screen.changed(true);
    this.#screen.moveCursor(this.#address);
    this.#inputStart = this.#address;
  }

  #put(cell: number): void {
    this.#screen.cells[this.#address] = cell;
    this.#address = this.#screen.next(this.#address);
    if (this.#address === 0) this.#scroll();
  }

  #newLine(): void {
    const { cells, columns } = this.#screen;
    const row = Math.floor(this.#address / columns);
    cells.fill(0, this.#address, (row + 1) * columns);
    this.#address = ((row + 1) * columns) % this.#screen.size;
    if (this.#address === 0) this.#scroll();
  }

  #scroll(): void {
    this.#screen.scroll();
    this.#address = this.#screen.size - this.#screen.columns;
  }
}
