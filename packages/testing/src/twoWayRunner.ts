import { isRoundhouseError } from '@roundhouse/core';
import type { Key } from '@roundhouse/tn3270';
import { type Difference, differenceOfBytes, type EngineSetup, type EngineUnderTest } from './conformance.ts';
import { withRpqName } from './rpqName.ts';
import type { RunnerOptions } from './stateRunner.ts';
import { IAC, OPTION, SB } from './telnet.ts';
import { bytesOf, type Trace } from './trace.ts';

/** What the user of a recording could do. Rows and columns count from 1. */
export interface EngineKeyboard {
  press(key: Key): void;
  type(text: string): void;
  moveCursor(row: number, column: number): void;
}

export type TwoWayEngine = Pick<EngineUnderTest, 'feed' | 'takeOutput'> & EngineKeyboard;

/** What the user did once the host had sent a group. */
export interface ScriptedKeys {
  /** Number of the host's group, from 0 and counting the groups of both sides. */
  readonly afterGroup: number;
  act(keyboard: EngineKeyboard): void;
}

/** A group of the recording that the reference of today would send otherwise. */
export interface SupersededGroup {
  readonly group: number;
  readonly bytes: Uint8Array;
  readonly why: string;
}

export interface TwoWayScript {
  /** What the recording's emulator was told beyond what `setupOf` can read from the recording. */
  readonly setup?: Partial<Omit<EngineSetup, 'compat'>>;
  readonly keys?: readonly ScriptedKeys[];
  readonly superseded?: readonly SupersededGroup[];
  /** The last group to play; the rest of the recording needs what `beyond` names. */
  readonly through?: number;
  readonly beyond?: string;
}

/**
 * Plays a recording of both sides: sends each group of the host, lets the user act, and demands exactly the next group
 * of the emulator. Ends at the first difference, as what follows builds on it.
 */
export function runTwoWayCase(
  engine: TwoWayEngine,
  trace: Trace,
  script: TwoWayScript = {},
  { rpqName }: RunnerOptions = {},
): Difference[] {
  const last = script.through ?? trace.groups.length - 1;
  for (const [index, { direction, bytes }] of trace.groups.entries()) {
    if (index > last) break;
    if (direction === '<') {
      engine.feed(bytes);
      try {
        for (const keys of script.keys ?? []) if (keys.afterGroup === index) keys.act(engine);
      } catch (error) {
        if (!isRoundhouseError(error)) throw error;
        return [difference(index, 'keys', `after group ${index}: keys: ${error.code}: ${error.message}`)];
      }
      continue;
    }
    const recorded = script.superseded?.find(({ group }) => group === index)?.bytes ?? bytes;
    const expected = rpqName === undefined ? recorded : withRpqName(recorded, rpqName);
    const inReply = differenceOfBytes(expected, engine.takeOutput());
    if (inReply !== undefined) return [difference(index, 'reply', `group ${index}: reply: ${inReply}`)];
  }
  return [];
}

/** IAC SB TN3270E FUNCTIONS REQUEST; the codes of the functions follow. RFC 2355 §7.2. */
const FUNCTIONS_REQUEST = Uint8Array.of(IAC, SB, OPTION.Tn3270e, 3, 7);
const CONTENTION_RESOLUTION = 5;

/** How the emulator of a recording was started, as far as its own bytes tell. */
export function setupOf(trace: Trace): EngineSetup {
  const sent = Buffer.from(bytesOf(trace, '>'));
  const modelNumber = /IBM-327[89]-([2-5])/.exec(sent.toString('latin1'))?.[1];
  const request = sent.indexOf(FUNCTIONS_REQUEST);
  const functions =
    request < 0
      ? []
      : sent.subarray(request + FUNCTIONS_REQUEST.length, sent.indexOf(IAC, request + FUNCTIONS_REQUEST.length));
  return {
    model: modelNumber === undefined ? (trace.header.model ?? '3279-4-E') : `3279-${modelNumber}-E`,
    compat: {
      contentionResolution: [...functions].includes(CONTENTION_RESOLUTION),
      // Models 4 and 5 are named 3278 by default: RFC 2355 §7.1 knows no IBM-3279-4.
      wrongTerminalName: /IBM-3279-[45]/.test(sent.toString('latin1')),
    },
  };
}

function difference(step: number, what: Difference['what'], message: string): Difference {
  return { step, what, message };
}
