import { netError, type DatagramHandler, type DatagramOpener, type DatagramPort } from '@roundhouse/net';
import type { Scope } from '@roundhouse/core';
import { garbage } from './wire.ts';

/** What becomes of the datagrams that come. */
export type DatagramFate =
  | 'arrive'
  | 'lost'
  /** The first is lost, the others arrive. */
  | 'firstLost'
  /** Random bytes come in place of each. */
  | 'garbage'
  /** Each comes from a port that nobody has asked. */
  | 'stranger'
  /** Thousands of random ones come in place of each. */
  | 'flood'
  /** The port fails in place of each. */
  | 'broken';

const FLOOD_DATAGRAMS = 5_000;
const GARBAGE_BYTES = 64;

/** Opens ports whose incoming datagrams have a fate. */
export class DatagramTap implements DatagramOpener {
  fate: DatagramFate = 'arrive';
  readonly #opener: DatagramOpener;
  #open = 0;
  #opened = 0;
  #sent = 0;
  #arrived = 0;

  constructor(opener: DatagramOpener) {
    this.#opener = opener;
  }

  /** Ports that are open now. */
  get openPorts(): number {
    return this.#open;
  }

  /** Ports since the start. */
  get opened(): number {
    return this.#opened;
  }

  /** Datagrams that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Changes with every datagram. */
  get activity(): number {
    return this.#opened + this.#sent + this.#arrived;
  }

  async open(options: Parameters<DatagramOpener['open']>[0], handler: DatagramHandler, scope: Scope) {
    let inner: DatagramPort | undefined;
    let isOver = false;
    const over: NonNullable<DatagramHandler['closed']> = (error) => {
      if (isOver) return;
      isOver = true;
      this.#open -= 1;
      handler.closed?.(error);
    };
    const port = await this.#opener.open(
      options,
      {
        message: (bytes, from) => {
          this.#arrived += 1;
          const isFirst = this.#arrived === 1;
          if (this.fate === 'arrive' || (this.fate === 'firstLost' && !isFirst)) handler.message(bytes, from);
          else if (this.fate === 'garbage') handler.message(garbage(GARBAGE_BYTES), from);
          else if (this.fate === 'stranger') handler.message(bytes, { ...from, port: from.port + 1 });
          else if (this.fate === 'flood') {
            const stray = garbage(GARBAGE_BYTES);
            for (let count = 0; count < FLOOD_DATAGRAMS && !isOver; count += 1) handler.message(stray, from);
          } else if (this.fate === 'broken') {
            const details = { reason: 'ENETDOWN' };
            over(netError('CONNECTION_LOST', { phase: 'read', peer: `${from.host}:${from.port}`, details }));
            void inner?.close();
          }
        },
        closed: over,
      },
      scope,
    );
    inner = port;
    this.#open += 1;
    this.#opened += 1;
    const tapped: DatagramPort = {
      local: port.local,
      send: (bytes, to) => {
        this.#sent += 1;
        port.send(bytes, to);
      },
      close: () => port.close(),
      [Symbol.asyncDispose]: () => port.close(),
    };
    return tapped;
  }
}
