import assert from 'node:assert/strict';
import { fuzzTarget, type FuzzTarget, textOfWords, wordsAndNoise } from '@roundhouse/testing';
import fc from 'fast-check';
import { parseDateTime } from './criteria.ts';
import { envelopeOf } from './envelope.ts';
import { listedOf, namespacesOf, statusOf } from './listing.ts';
import { decodeMailboxName, encodeMailboxName } from './mailboxName.ts';
import { messageOf } from './message.ts';
import { afterCode, afterData, newlyOpened } from './openMailbox.ts';
import { type DataResponse, type ParserStep, ResponseParser } from './response.ts';
import { structureOf } from './structure.ts';
import { parseUidSet } from './uidSet.ts';
import { appendedOf, copiedOf } from './uids.ts';
import { UnexpectedForm } from './value.ts';

const MAX_VALUES = 60;
const MAX_UIDS = 100;
const WORDS = [
  '* ',
  '1 ',
  'FETCH ',
  'LIST ',
  'STATUS ',
  '(',
  ')',
  '"',
  '\\',
  '{3}\r\n',
  '{0}\r\n',
  '{99999999999}\r\n',
  'BODY[',
  ']',
  'BODYSTRUCTURE ',
  'ENVELOPE ',
  'UID 5',
  'FLAGS ',
  '\r\n',
  'A1 OK [',
  'UIDNEXT 7',
  'NIL',
  ' ',
  '+ ',
  'abc',
  '"a b"',
  '((',
  '))',
  'MODSEQ (9)',
  'EXISTS',
  'EXPUNGE',
  'NAMESPACE ',
];

/** What the parser makes of what stands on the wire, up to its first violation. */
function stepsOf(bytes: Buffer): ParserStep[] {
  const parser = new ResponseParser({ maxDepth: 8, maxValues: MAX_VALUES });
  const steps: ParserStep[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const end = bytes.indexOf('\r\n', at, 'latin1');
    const stop = end === -1 ? bytes.byteLength : end;
    const step = parser.line(bytes.subarray(at, stop));
    steps.push(step);
    at = stop + 2;
    if (step.kind === 'violation') break;
    if (step.kind !== 'literal') continue;
    if (at + step.bytes > bytes.byteLength) break;
    parser.literal(bytes.subarray(at, at + step.bytes));
    at += step.bytes;
  }
  return steps;
}

function isUnderstoodOrRefused(use: () => unknown): void {
  try {
    use();
  } catch (error) {
    if (!(error instanceof UnexpectedForm)) throw error;
  }
}

function countOf(values: DataResponse['values']): number {
  return values.reduce<number>((sum, each) => sum + (Array.isArray(each) ? 1 + countOf(each) : 1), 0);
}

function understand(response: DataResponse): void {
  const [first = null] = response.values;
  for (const use of [
    () => messageOf(response),
    () => listedOf(response, false),
    () => statusOf(response),
    () => namespacesOf(response, true),
    () => afterData(newlyOpened('INBOX', false), response),
    () => structureOf(first),
    () => envelopeOf(first),
  ])
    isUnderstoodOrRefused(use);
}

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'IMAP responses',
    'are read within the limits, or refused; what they say is understood, or said to be of another form',
    fc.property(wordsAndNoise(WORDS, 30), (bytes) => {
      for (const step of stepsOf(bytes)) {
        if (step.kind !== 'response') continue;
        const { response } = step;
        if (response.kind === 'status' && response.code !== null) afterCode(newlyOpened('INBOX', false), response.code);
        if (response.kind !== 'data') continue;
        assert.ok(countOf(response.values) <= MAX_VALUES);
        understand(response);
      }
    }),
  ),
  fuzzTarget(
    'IMAP mailbox names',
    'are read whatever they are, and are there and back the same',
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      textOfWords(['&', '-', 'AOQ', '+', '/', 'a', '&AOQ-'], 8),
      (name, wire) => {
        assert.equal(decodeMailboxName(encodeMailboxName(name)), name);
        assert.equal(typeof decodeMailboxName(wire), 'string');
      },
    ),
  ),
  fuzzTarget(
    'IMAP sets of messages',
    'are UIDs within the limit, or none',
    fc.property(textOfWords(['1', '4294967295', ':', ',', '*', '0', '20', ' '], 10), (set) => {
      const uids = parseUidSet(set, MAX_UIDS);
      assert.ok(uids === undefined || (uids.length <= MAX_UIDS && uids.every((uid) => uid >= 1)));
      copiedOf(`1 ${set} ${set}`);
      appendedOf(set);
    }),
  ),
  fuzzTarget(
    'IMAP dates',
    'are a time, or none',
    fc.property(textOfWords(['17-Jul-1996', ' ', '1-Jan-2026', '02:44:25', '-0700', '+0000', '99', ':'], 6), (said) => {
      const date = parseDateTime(said);
      assert.ok(date === null || !Number.isNaN(date.getTime()));
    }),
  ),
];
