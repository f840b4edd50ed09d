import { systemClock } from '@roundhouse/core';
import { recordOf, SCREEN_KINDS, type ScreenKind, screenStream } from '@roundhouse/testing';
import { Emulator, resolveSessionOptions } from '@roundhouse/tn3270';
import { type Figure, figure } from './figure.ts';
import type { BenchOptions, Section } from './section.ts';

/** Different screens of a kind, sent over and over. */
const CYCLE = 100;
/** What a socket hands over at once when the host is ahead. */
const CHUNK_BYTES = 64 * 1024;
const WARM_UP_ROUNDS = 5;

/** IAC DO TTYPE, its question, then DO and WILL of EOR and BINARY: classic TN3270 as most hosts begin it. RFC 1576. */
const NEGOTIATION = Buffer.from('fffd18fffa1801fff0fffd19fffb19fffd00fffb00', 'hex');

/** One way of feeding the engine; all of them take part in every round, so that they share what the compiler learns. */
interface Feed {
  readonly id: string;
  readonly label: string;
  /** Bytes and screens of one pass. */
  readonly bytes: number;
  readonly screens: number;
  readonly pass: () => void;
  /** MB/s, one a round. */
  readonly rates: number[];
}

/** How fast a screen is decoded and drawn on one core, without a line: records, and the telnet stream around them. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const rounds = quick ? 5 : 21;
  const roundMs = quick ? 20 : 100;
  const feeds = [...SCREEN_KINDS.map(records), ...SCREEN_KINDS.map(stream)];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    for (const feed of feeds) {
      const rate = rateOf(feed, roundMs);
      if (round >= WARM_UP_ROUNDS) feed.rates.push(rate);
    }
  }
  return {
    title: 'Decode and apply, one core, warm',
    figures: feeds.flatMap(figuresOf),
    notes: [
      `${rounds} rounds of ${roundMs} ms for each row, interleaved in one process; ${CYCLE} different screens a kind.`,
      'Records go through Terminal.process with the keyboard attached; streams through Emulator.receive in 64 KiB chunks.',
    ],
  };
}

/** Records go to the terminal as the telnet layer hands them on. */
function records(kind: ScreenKind): Feed {
  const { terminal } = connectedEmulator();
  const cycle = Array.from({ length: CYCLE }, (_, n) => recordOf(kind, n));
  return {
    id: `decode.${kind}`,
    label: `${kind}, records`,
    bytes: cycle.reduce((sum, record) => sum + record.length, 0),
    screens: CYCLE,
    pass() {
      for (const record of cycle) terminal.process(record);
    },
    rates: [],
  };
}

/** The bytes of the line: IAC doubled, IAC EOR behind each record, cut where the chunk ends. */
function stream(kind: ScreenKind): Feed {
  const emulator = connectedEmulator();
  const bytes = Buffer.concat(Array.from({ length: CYCLE }, (_, n) => screenStream(kind, n)));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return {
    id: `receive.${kind}`,
    label: `${kind}, telnet stream`,
    bytes: bytes.length,
    screens: CYCLE,
    pass() {
      for (const chunk of chunks) emulator.receive(chunk);
    },
    rates: [],
  };
}

/** An emulator that a host has just made a classic TN3270 session of. */
function connectedEmulator(): Emulator {
  const options = resolveSessionOptions({ host: '127.0.0.1', port: 23, model: '3279-2-E' });
  const emulator = new Emulator(options, systemClock, {
    send() {},
    stateChanged() {},
    lockChanged() {},
    alarm() {},
    hostWrote() {},
    deviceRejected() {},
    startTls() {},
    failed(error) {
      throw error;
    },
  });
  emulator.receive(NEGOTIATION);
  return emulator;
}

/** MB/s over at least `durationMs`. */
function rateOf({ pass, bytes }: Feed, durationMs: number): number {
  const started = performance.now();
  let passes = 0;
  let elapsedMs: number;
  do {
    pass();
    passes++;
    elapsedMs = performance.now() - started;
  } while (elapsedMs < durationMs);
  return (passes * bytes) / 1e6 / (elapsedMs / 1e3);
}

function figuresOf({ id, label, bytes, screens, rates }: Feed): Figure[] {
  const screensPerMb = screens / (bytes / 1e6);
  return [
    figure(`${id}.mb_per_s`, label, 'MB/s', rates),
    figure(
      `${id}.screens_per_s`,
      label,
      'screens/s',
      rates.map((rate) => rate * screensPerMb),
    ),
  ];
}
