import assert from 'node:assert/strict';
import {
  codedOnlyLater,
  cuts,
  fuzzTarget,
  type FuzzTarget,
  piecesOf,
  textOfWords,
  wordsAndNoise,
} from '@roundhouse/testing';
import fc from 'fast-check';
import { parseMessage } from '../mime/index.ts';
import { capabilitiesOf } from '../pop3/capabilities.ts';
import { timestampOf } from '../pop3/logIn.ts';
import { parseReply } from '../pop3/reply.ts';
import { formatAnswer } from '../smtp/answer.ts';
import { parseCommand } from '../smtp/command.ts';
import { extensionsOf } from '../smtp/extensions.ts';
import { readMailbox } from '../smtp/mailbox.ts';
import { maildirName } from '../smtp/maildirName.ts';
import { parseReplyLine, replyOf } from '../smtp/reply.ts';
import { readResponse } from '../smtp/serverLogin.ts';
import { printable } from './printable.ts';
import { LineCheck, WireTextDecoder } from './textDecoder.ts';
import { WireTextEncoder } from './textEncoder.ts';

const COMMAND_WORDS = [
  'MAIL FROM:',
  'RCPT TO:',
  'EHLO ',
  'HELO ',
  'BDAT ',
  'AUTH PLAIN ',
  'DATA',
  'LAST',
  '<',
  '>',
  '"',
  '\\',
  '@',
  'a.b',
  ' ',
  'SIZE=',
  '99999999999',
  'ORCPT=rfc822;',
  'NOTIFY=NEVER',
  'BODY=8BITMIME',
  'SMTPUTF8',
  '+',
  ';',
  '\xc3\xa4',
  '\0',
  '[192.0.2.1]',
  'x'.repeat(70),
];
const REPLY_WORDS = [
  '250',
  '550 ',
  '-',
  ' ',
  '5.1.1 ',
  'AUTH=',
  'AUTH PLAIN',
  'SIZE 9',
  'STARTTLS',
  '+OK',
  '-ERR',
  '[AUTH]',
  '[',
  '<a@b>',
  '\0',
  '\x1b',
];
const TEXT_WORDS = ['\r', '\n', '\r\n', '.', '..', '\r\n.\r\n', '\n.\n', 'a', '\0', '\xff'];
const MIME_WORDS = [
  'Content-Type: multipart/mixed; boundary=x\r\n',
  'Content-Type: multipart/alternative; boundary="x y"\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/html; charset=\xff\r\n',
  'Content-Type: text/plain; charset=utf-16\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  "Content-Disposition: attachment; filename*0*=utf-8''%e2; filename*1=.x\r\n",
  'Subject: =?utf-8?Q?=C3?= =?utf-8?B?w?=\r\n',
  'To: A: (((, "<\r\n',
  'Date: x\r\n',
  '--x\r\n',
  '--x--\r\n',
  '--x y\r\n',
  '\r\n',
  '\n',
  ' folded\r\n',
  '=',
  '=3',
  'aGVsbG8',
  'Content-Type: ',
  ';',
  '"',
  'References: <a@b> <c\r\n',
];
/** Where bytes are cut, and the bytes. */
const text = wordsAndNoise(TEXT_WORDS, 24);

function encoded(pieces: readonly Uint8Array[]): string {
  const encoder = new WireTextEncoder({ hasDots: true });
  return Buffer.concat([...pieces.map((piece) => encoder.push(piece)), encoder.end()]).toString('latin1');
}

/** The text, and how many bytes its end is at; null when there is no end. */
function decoded(pieces: readonly Uint8Array[]): { readonly text: string; readonly bytes: number } | null {
  const decoder = new WireTextDecoder();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const step = decoder.push(piece);
    parts.push(step.text);
    bytes += step.consumed;
  }
  return decoder.isOver ? { text: Buffer.concat(parts).toString('latin1'), bytes } : null;
}

function faultOf(pieces: readonly Uint8Array[]): string | undefined {
  const check = new LineCheck(40);
  for (const piece of pieces) {
    const fault = check.push(piece);
    if (fault !== undefined) return fault;
  }
  return check.end();
}

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'SMTP commands',
    'are a command, or an answer of 500 and above in one line; no address has a line end',
    fc.property(wordsAndNoise(COMMAND_WORDS, 14), (line) => {
      const command = parseCommand(line);
      if (command.verb === 'invalid') assert.match(formatAnswer(command.answer), /^5\d\d 5\.\d\.\d+ [^\r\n]+\r\n$/);
      if (command.verb === 'RCPT') assert.doesNotMatch(command.to, /[\r\n\0]/);
    }),
  ),
  fuzzTarget(
    'SMTP addresses',
    'have no line end, and no bracket or blank outside of quotes',
    fc.property(
      textOfWords(['a', '@', '.', '"', '\\', '<', '>', '\r', '\n', ' ', '[192.0.2.1]', 'b.c'], 12),
      (address) => {
        if (readMailbox(address) === undefined) return;
        assert.doesNotMatch(address, /[\r\n\0]/);
        if (!address.startsWith('"')) assert.doesNotMatch(address, /[<> ]/);
      },
    ),
  ),
  fuzzTarget(
    'SMTP replies',
    'are lines of a reply, or none; extensions are read whatever the lines are',
    fc.property(fc.array(textOfWords(REPLY_WORDS, 8), { maxLength: 6 }), (lines) => {
      for (const line of lines) {
        const reply = parseReplyLine(line);
        if (reply !== undefined) assert.ok(reply.code >= 200 && reply.code < 600);
      }
      const { size } = extensionsOf(replyOf(250, lines));
      assert.ok(size === null || size >= 0);
      assert.doesNotMatch(printable(lines.join('')), /[\p{Cc}\u2028\u2029]/u);
    }),
  ),
  fuzzTarget(
    'SMTP log-in responses',
    'are a text, a cancellation, or broken',
    fc.property(textOfWords(['*', '=', 'YQ==', 'YQ', 'AA', ' ', '\0', '-_'], 8), (line) => {
      const response = readResponse(line);
      assert.ok(response === 'cancelled' || response === 'broken' || typeof response.text === 'string');
    }),
  ),
  fuzzTarget(
    'mail text, outgoing',
    'has one end, its own, and no bare CR or LF, however it is cut',
    fc.property(text, cuts, (bytes, lengths) => {
      const wire = encoded(piecesOf(bytes, lengths));
      assert.equal(wire, encoded([bytes]));
      assert.equal(`\r\n${wire}`.indexOf('\r\n.\r\n'), wire.length - 3);
      assert.doesNotMatch(wire.replaceAll('\r\n', ''), /[\r\n]/);
      const back = decoded([Buffer.from(wire, 'latin1')]);
      assert.equal(back?.bytes, wire.length);
    }),
  ),
  fuzzTarget(
    'mail text, incoming',
    'ends in one place, behind CRLF . CRLF alone, however it is cut',
    fc.property(text, cuts, (bytes, lengths) => {
      const whole = decoded([bytes]);
      assert.deepEqual(decoded(piecesOf(bytes, lengths)), whole);
      const end = `\r\n${bytes.toString('latin1')}`.indexOf('\r\n.\r\n');
      assert.equal(whole?.bytes, end === -1 ? undefined : end + 3);
      assert.equal(faultOf(piecesOf(bytes, lengths)), faultOf([bytes]));
    }),
  ),
  fuzzTarget(
    'POP3 replies',
    'are an answer or none; capabilities and timestamps are read whatever the lines are',
    fc.property(
      fc.array(textOfWords([...REPLY_WORDS, 'SASL PLAIN', 'STLS', 'IMPLEMENTATION x'], 8), { maxLength: 5 }),
      (lines) => {
        for (const line of lines) {
          const reply = parseReply(line);
          if (reply !== undefined) assert.equal(reply.isOk, /^\+OK/i.test(line));
          const timestamp = timestampOf(line);
          if (timestamp !== null) assert.match(timestamp, /^<[^>]*>$/);
        }
        assert.equal(capabilitiesOf(lines).isKnown, true);
      },
    ),
  ),
  fuzzTarget(
    'Maildir names',
    'are one name without what parts folders, flags and sizes, and have room for them, whatever the host is called',
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat(), fc.nat(), (hostname, now, processId) => {
      const name = maildirName({ hostname, now, processId, delivery: 1, random: new Uint8Array(8) });
      assert.match(name, /^\d+\.M\d+P\d+Q1R0{16}\.[!-~]*$/);
      assert.doesNotMatch(name, /[/:,]/);
      assert.ok(name.length <= 160);
    }),
  ),
  fuzzTarget(
    'MIME messages',
    'are read, or refused with a code',
    fc.asyncProperty(wordsAndNoise(MIME_WORDS, 24), async (bytes) => {
      const message = await codedOnlyLater(() => parseMessage(bytes), ['MIME_LIMIT_EXCEEDED', 'MIME_UNREADABLE']);
      if (message === undefined) return;
      const content = message.attachments.reduce((sum, each) => sum + each.content.byteLength, 0);
      // Text in UTF-8 has up to three bytes for one of another character set; nothing else grows.
      assert.ok(content <= bytes.byteLength * 4 + 64);
      assert.ok(message.headers.length <= bytes.byteLength);
    }),
  ),
];
