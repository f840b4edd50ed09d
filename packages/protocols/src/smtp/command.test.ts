import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from './command.ts';
import { fromXtext, toXtext } from './envelope.ts';
import { readMailbox } from './mailbox.ts';
import { parseReplyLine, replyOf } from './reply.ts';
import { formatAnswer } from './answer.ts';
import { extensionsOf } from './extensions.ts';
import { readResponse } from './serverLogin.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 2_000);
const RUNS = { numRuns: CASES };
const TIMEOUT = { timeout: 60_000 + CASES };

const parse = (text: string) => parseCommand(Buffer.from(text));
const NO_PARAMETERS = { size: null, isEightBit: false, smtpUtf8: false, return: null, envelopeId: null };

describe('a command', () => {
  it.each([
    ['EHLO mail.example.com', { verb: 'EHLO', name: 'mail.example.com' }],
    ['ehlo [192.0.2.1]', { verb: 'EHLO', name: '[192.0.2.1]' }],
    ['HELO [IPv6:2001:db8::1]', { verb: 'HELO', name: '[IPv6:2001:db8::1]' }],
    ['MAIL FROM:<>', { verb: 'MAIL', from: '', parameters: NO_PARAMETERS }],
    ['mail from:<a@b.example>  ', { verb: 'MAIL', from: 'a@b.example', parameters: NO_PARAMETERS }],
    ['MAIL FROM: <a@b.example>', { verb: 'MAIL', from: 'a@b.example', parameters: NO_PARAMETERS }],
    // RFC 5321 §4.1.1.3 and appendix C: routes are accepted and left out.
    ['MAIL FROM:<@x.example,@y.example:a@b.example>', { verb: 'MAIL', from: 'a@b.example', parameters: NO_PARAMETERS }],
    ['MAIL FROM:<"a \\" b>"@b.example>', { verb: 'MAIL', from: '"a \\" b>"@b.example', parameters: NO_PARAMETERS }],
    [
      'MAIL FROM:<ä@b.example> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=q+2B1',
      {
        verb: 'MAIL',
        from: 'ä@b.example',
        parameters: { size: 12, isEightBit: true, smtpUtf8: true, return: 'headers', envelopeId: 'q+1' },
      },
    ],
    ['RCPT TO:<Postmaster>', { verb: 'RCPT', to: 'Postmaster', parameters: { notify: null, originalRecipient: null } }],
    [
      'RCPT TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d.example',
      {
        verb: 'RCPT',
        to: 'a@b.example',
        parameters: { notify: ['success', 'delay'], originalRecipient: 'rfc822;c@d.example' },
      },
    ],
    ['BDAT 100', { verb: 'BDAT', bytes: 100, isLast: false }],
    ['BDAT 0 last', { verb: 'BDAT', bytes: 0, isLast: true }],
    ['AUTH plain AGEAYg==', { verb: 'AUTH', mechanism: 'PLAIN', initial: 'AGEAYg==' }],
    ['AUTH LOGIN', { verb: 'AUTH', mechanism: 'LOGIN', initial: null }],
    ['DATA', { verb: 'DATA' }],
    ['NOOP whatever', { verb: 'NOOP' }],
    ['VRFY a', { verb: 'VRFY' }],
  ])('%j is understood', (text, command) => {
    expect(parse(text)).toEqual(command);
  });

  it.each([
    ['', 500],
    ['FOO', 500],
    ['GET / HTTP/1.1', 500],
    ['EHLO', 501],
    ['EHLO a b', 501],
    ['DATA now', 501],
    ['MAIL', 501],
    ['MAIL FROM:a@b.example', 501],
    ['MAIL FROM:<a>', 501],
    ['MAIL FROM:<a@b.example', 501],
    ['MAIL FROM:<a b@c.example>', 501],
    ['MAIL FROM:<a@b.example>SIZE=1', 501],
    ['MAIL FROM:<a@b.example> SIZE=-1', 501],
    ['MAIL FROM:<a@b.example> BODY=BINARYMIME', 501],
    ['MAIL FROM:<a@b.example> FOO=1', 555],
    ['MAIL FROM:<a@b.example> ENVID=+zz', 501],
    ['MAIL FROM:<ä@b.example>', 553],
    ['RCPT TO:<>', 501],
    ['RCPT TO:<a@b.example> NOTIFY=NEVER,SUCCESS', 501],
    ['RCPT TO:<a@b.example> NOTIFY=SUCCESS,SUCCESS', 501],
    ['RCPT TO:<a@-b.example>', 501],
    ['BDAT', 501],
    ['BDAT 1 FIRST', 501],
    ['BDAT 99999999999999999', 501],
    ['AUTH', 501],
    ['NOOP \u0001', 501],
    ['MAIL FROM:<a@b.example>\r', 501],
  ])('%j is refused with %i', (text, code) => {
    expect(parse(text)).toMatchObject({ verb: 'invalid', answer: { code } });
  });

  it('has an answer, whatever the bytes are', TIMEOUT, () => {
    const words = fc.constantFrom(
      'MAIL FROM:',
      'RCPT TO:',
      'EHLO ',
      'BDAT ',
      'AUTH ',
      '<',
      '>',
      '"',
      '\\',
      '@',
      'a.b',
      ' ',
      'SIZE=',
      'ORCPT=',
      '+',
      ';',
      'ä',
      '\0',
    );
    const lines = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(words, { maxLength: 14 }).map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(lines, (line) => {
        const command = parseCommand(line);
        if (command.verb === 'invalid') {
          expect(formatAnswer(command.answer)).toMatch(/^5\d\d 5\.\d\.\d+ [^\r\n]+\r\n$/);
        }
        if (command.verb === 'RCPT') expect(command.to).not.toMatch(/[\r\n\0]/);
      }),
      RUNS,
    );
  });
});

describe('an address', () => {
  it.each([
    ['a@b', { local: 'a', domain: 'b' }],
    ['a.b+c@d.example', { local: 'a.b+c', domain: 'd.example' }],
    ['"a b"@c.example', { local: '"a b"', domain: 'c.example' }],
    ['"a@b"@c.example', { local: '"a@b"', domain: 'c.example' }],
    ['a@[192.0.2.1]', { local: 'a', domain: '[192.0.2.1]' }],
    ['用户@例え.example', { local: '用户', domain: '例え.example' }],
  ])('%s is one', (text, mailbox) => {
    expect(readMailbox(text)).toEqual(mailbox);
  });

  it.each([
    'a',
    '@b',
    'a@',
    'a..b@c',
    '.a@b',
    'a.@b',
    'a b@c',
    'a@b c',
    'a@b\r\nRCPT TO:<x@y>',
    'a>\r\nDATA@b',
    'a@[192.0.2.256]',
    'a@[x]',
    `${'a'.repeat(65)}@b`,
    `a@${'b'.repeat(64)}`,
    'a@b..c',
  ])('%j is none', (text) => {
    expect(readMailbox(text)).toBeUndefined();
  });
});

describe('xtext', () => {
  // RFC 3461 §4
  it.each([
    ['plain', 'plain'],
    ['a+b=c d', 'a+2Bb+3Dc+20d'],
    ['\r\n', '+0D+0A'],
  ])('%j is %s', (text, encoded) => {
    expect(toXtext(text)).toBe(encoded);
    expect(fromXtext(encoded)).toBe(text);
  });

  it.each(['+', '+2', '+2b', '=', ' ', 'ä'])('%j is none', (text) => {
    expect(fromXtext(text)).toBeUndefined();
  });
});

describe('an answer', () => {
  it.each([
    ['250 OK', { code: 250, isLast: true, text: 'OK' }],
    ['250-first', { code: 250, isLast: false, text: 'first' }],
    ['250', { code: 250, isLast: true, text: '' }],
  ])('%j is a line of one', (line, parsed) => {
    expect(parseReplyLine(line)).toEqual(parsed);
  });

  it.each(['', '25', '2500 OK', '150 x', '600 x', 'HTTP/1.1 200', '250_OK'])('%j is none', (line) => {
    expect(parseReplyLine(line)).toBeUndefined();
  });

  it('has its enhanced code when that is of its class (RFC 2034 §4)', () => {
    expect(replyOf(550, ['5.1.1 no', '5.1.1 such user'])).toEqual({
      code: 550,
      enhanced: '5.1.1',
      lines: ['no', 'such user'],
    });
    expect(replyOf(250, ['5.1.1 no'])).toMatchObject({ enhanced: null });
  });

  it('of ours is one line, whatever a hook says', () => {
    const answer = { code: 550, enhanced: '4.1.1', text: `no\r\n250 yes${'x'.repeat(1_000)}` };
    const line = formatAnswer(answer);
    expect(line).toMatch(/^550 5\.0\.0 no\?250 yesx+\r\n$/);
    expect(line.length).toBeLessThanOrEqual(512);
    expect(formatAnswer({ code: 42, text: 'x' })).toMatch(/^451 4\.3\.0/);
  });
});

it('extensions are read as servers write them', () => {
  const lines = ['mx.example.com at your service', 'SIZE 100', 'auth PLAIN LOGIN', 'AUTH=LOGIN', 'PIPELINING', 'x'];
  expect(extensionsOf({ code: 250, enhanced: null, lines })).toMatchObject({
    serverName: 'mx.example.com',
    size: 100,
    auth: ['PLAIN', 'LOGIN'],
    pipelining: true,
    dsn: false,
  });
});

it.each([
  ['*', 'cancelled'],
  ['=', { text: '' }],
  ['', { text: '' }],
  ['YQ==', { text: 'a' }],
  ['YQ', 'broken'],
  ['Y Q=', 'broken'],
])('a response %j is %j (RFC 4954 §4)', (line, response) => {
  expect(readResponse(line)).toEqual(response);
});
