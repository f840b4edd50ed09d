import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoundhouseError, Secret } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMessage, decodeWords, type MessageInput, parseMessage, signDkim } from './index.ts';

const CASES = Number(process.env['ROUNDHOUSE_FUZZ_CASES'] ?? 300);
const clock = new FakeClock();
const parse = (text: string, limits = {}) => parseMessage(Buffer.from(text, 'latin1'), limits);
const build = (input: Partial<MessageInput> = {}) =>
  buildMessage({ from: 'a@example.com', to: ['b@example.com'], ...input }, { clock });

/** Headers and body as they are, unfolded. */
function split(bytes: Uint8Array): { readonly headers: readonly string[]; readonly body: string } {
  const text = Buffer.from(bytes).toString('latin1');
  const at = text.indexOf('\r\n\r\n');
  return { headers: text.slice(0, at).split(/\r\n(?![ \t])/), body: text.slice(at + 4) };
}

describe('a message is read', () => {
  it('with its parts', async () => {
    const message = await parse(
      [
        'From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>',
        'To: Team: a@example.com, "B, C" <b@example.com>;',
        'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=',
        ' =?utf-8?B?IOKCrA==?=',
        'Message-ID: <1@example.com>',
        'Date: Thu, 01 Jan 2026 01:00:00 +0100',
        'Content-Type: multipart/mixed; boundary="x y"',
        '',
        'preamble',
        '--x y',
        'Content-Type: text/plain; charset=windows-1252',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        '=80 =',
        'two',
        '--x y',
        "Content-Type: image/png; name*0*=utf-8''%e2%82%ac; name*1=.png",
        'Content-Disposition: attachment',
        'Content-ID: <cid@x>',
        'Content-Transfer-Encoding: base64',
        '',
        'AAEC',
        '--x y--',
        'epilogue',
      ].join('\r\n'),
    );
    expect(message).toMatchObject({
      from: { name: 'Jürgen', address: 'j@example.com' },
      to: [
        { name: '', address: 'a@example.com' },
        { name: 'B, C', address: 'b@example.com' },
      ],
      subject: 'Grüße €',
      messageId: '<1@example.com>',
      date: '2026-01-01T00:00:00.000Z',
      html: null,
      attachments: [{ filename: '€.png', contentType: 'image/png', disposition: 'attachment', contentId: 'cid@x' }],
    });
    expect(message.text?.trim()).toBe('€ two');
    expect([...(message.attachments[0]?.content ?? [])]).toEqual([0, 1, 2]);
    expect(message.headers.map(({ name }) => name)).toContain('Message-ID');
  });

  /** What real mail has in it, and what mail programs make of it. */
  it.each<[string, string, object]>([
    ['RFC 2047 §2: an encoded word that is none stays as it is', 'Subject: =?x\r\n\r\n', { subject: '=?x' }],
    [
      'RFC 2047 §6.2: white space between encoded words is dropped',
      'Subject: =?utf-8?Q?a?=  =?utf-8?Q?b?=\r\n\r\n',
      { subject: 'ab' },
    ],
    ['RFC 2047 §6.2: that beside other words is kept', 'Subject: =?utf-8?Q?a?= b\r\n\r\n', { subject: 'a b' }],
    [
      'an encoded word in an unknown character set is no failure',
      'Subject: =?x-unknown?Q?a?=\r\n\r\n',
      { subject: 'a' },
    ],
    ['RFC 5322 §2.2.3: folded headers are one line', 'Subject: a\r\n b\r\n\tc\r\n\r\n', { subject: 'a b\tc' }],
    ['RFC 6532: headers in UTF-8', 'Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n', { subject: 'Grüße' }],
    ['a message without a body', 'Subject: x\r\n', { subject: 'x', text: null }],
    ['a message of nothing', '', { subject: '', from: null }],
    ['lines that end with LF alone', 'Subject: x\n\nhello\n', { subject: 'x', text: 'hello\n' }],
    ['an mbox line before the headers is no header', 'From a@b Thu Jan 1\r\nSubject: x\r\n\r\n', { subject: 'x' }],
    [
      'RFC 2046 §5.1.1: a boundary that never ends',
      'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello',
      { text: 'hello\n' },
    ],
    [
      'base64 with what does not belong there',
      'Content-Transfer-Encoding: base64\r\n\r\naGVs*bG8=\r\n',
      { text: 'hello' },
    ],
    [
      'quoted-printable with a lone equals sign',
      'Content-Transfer-Encoding: quoted-printable\r\n\r\na=zz=\r\n',
      { text: expect.stringContaining('a=zz') },
    ],
    [
      'RFC 2231 §3: a name of a file in pieces',
      'Content-Type: a/b; name*0="x"; name*1="y.z"\r\n\r\n',
      { attachments: [expect.objectContaining({ filename: 'xy.z' })] },
    ],
    [
      'two recipients in a group, and none in another',
      'To: A: a@b, c@d;, E:;\r\n\r\n',
      { to: [{ address: 'a@b' }, { address: 'c@d' }] },
    ],
    ['an address in a comment is none', 'From: (x@y) a@b\r\n\r\n', { from: { address: 'a@b' } }],
    [
      'a name that looks like another address',
      'From: "boss@corp" <evil@x>\r\n\r\n',
      { from: { name: 'boss@corp', address: 'evil@x' } },
    ],
  ])('%s', async (_name, text, expected) => {
    const message = await parse(text);
    expect({ ...message, text: message.text }).toMatchObject(expected);
  });

  it.each<[string, string, object, string]>([
    ['bytes', 'x'.repeat(101), { maxBytes: 100 }, 'a message'],
    ['headers', `Subject: ${'x'.repeat(2_000)}\r\n\r\n`, { maxHeaderBytes: 1_000 }, 'headers'],
    ['boundaries', '--x\r\n'.repeat(11), { maxBoundaries: 10 }, 'boundaries'],
    [
      'depth',
      Array.from({ length: 40 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`).join(
        '',
      ),
      {},
      'parts within parts',
    ],
  ])('within limits: %s', async (_name, text, limits, what) => {
    await expect(parse(text, limits)).rejects.toMatchObject({ code: 'MIME_LIMIT_EXCEEDED', details: { what } });
  });
});

it('encoded words are read alone, too', async () => {
  expect(await decodeWords('=?utf-8?Q?Gr=C3=BC=C3=9Fe?= an =?iso-8859-15?Q?=A4?=')).toBe('Grüße an €');
});

describe('a message is built', () => {
  it('that is read as it was meant, in US-ASCII and short lines', async () => {
    const built = await build({
      from: { name: 'Jürgen "J" Groß', address: 'j@example.com' },
      cc: [{ name: 'C, D', address: 'c@example.com' }],
      bcc: ['secret@example.com', 'b@example.com'],
      subject: `Grüße ${'lang '.repeat(60)}€`,
      text: `.dot\n${'ä'.repeat(2_000)}\n`,
      html: '<p>hällo <img src="cid:logo"></p>',
      attachments: [
        { filename: 'größe.bin', content: Uint8Array.from([0, 13, 10, 46, 255]) },
        { filename: 'logo.png', content: 'png', contentId: 'logo' },
      ],
      headers: { 'List-Id': 'Nachrichten <ops.example.com>' },
      references: ['<1@example.com>'],
    });
    const text = Buffer.from(built.bytes).toString('latin1');
    expect(text.replace(/[\t\r\n -~]/g, '')).toBe('');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(Math.max(...text.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(78);
    expect(text).not.toContain('secret@');
    expect(built.envelope).toEqual({
      from: 'j@example.com',
      to: ['b@example.com', 'c@example.com', 'secret@example.com'],
    });
    const message = await parseMessage(built.bytes);
    expect(message).toMatchObject({
      from: { name: 'Jürgen "J" Groß', address: 'j@example.com' },
      cc: [{ name: 'C, D', address: 'c@example.com' }],
      subject: `Grüße ${'lang '.repeat(60)}€`,
      messageId: built.messageId,
      date: '2026-01-01T00:00:00.000Z',
      html: expect.stringContaining('hällo'),
    });
    expect(message.text?.replaceAll('\r\n', '\n')).toBe(`.dot\n${'ä'.repeat(2_000)}\n`);
    expect(message.attachments.map(({ filename }) => filename)).toEqual(
      expect.arrayContaining(['größe.bin', 'logo.png']),
    );
    const binary = message.attachments.find(({ filename }) => filename === 'größe.bin');
    expect([...(binary?.content ?? [])]).toEqual([0, 13, 10, 46, 255]);
  });

  it.each<[string, Partial<MessageInput>, string]>([
    ['a subject of two lines', { subject: 'x\r\nBcc: evil@example.com' }, 'MIME_INVALID'],
    ['a subject with a bare LF', { subject: 'x\nBcc: evil@example.com' }, 'MIME_INVALID'],
    ['a header of two lines', { headers: { 'X-A': 'x\r\n\r\nbody' } }, 'MIME_INVALID'],
    ['a header whose name ends one', { headers: { 'X-A: y\r\nBcc': 'evil@example.com' } }, 'MIME_INVALID'],
    ['a header that has a field', { headers: { bcc: 'evil@example.com' } }, 'MIME_INVALID'],
    ['a name of two lines', { from: { name: 'x\r\nBcc: y', address: 'a@example.com' } }, 'MIME_INVALID'],
    ['a list for an address', { to: ['a@example.com, evil@example.com'] }, 'ADDRESS_INVALID'],
    ['a name within an address', { to: ['A <a@example.com>'] }, 'ADDRESS_INVALID'],
    ['an address of two lines', { to: ['a@example.com\r\nBcc: evil@example.com'] }, 'ADDRESS_INVALID'],
    ['an id of two lines', { inReplyTo: '<a@b>\r\nBcc: evil@example.com' }, 'MIME_INVALID'],
    ['a reference that is no id', { references: ['a b'] }, 'MIME_INVALID'],
    ['a file of two lines', { attachments: [{ filename: 'x\r\ny', content: '' }] }, 'MIME_INVALID'],
    [
      'a type of two lines',
      { attachments: [{ filename: 'x', content: '', contentType: 'a/b\r\nX: y' }] },
      'MIME_INVALID',
    ],
    [
      'an id of an attachment with brackets',
      { attachments: [{ filename: 'x', content: '', contentId: '<x>' }] },
      'MIME_INVALID',
    ],
  ])('not with %s', async (_name, input, code) => {
    await expect(build(input)).rejects.toMatchObject({ code });
  });

  it('with no more headers than it was given, whatever is in them', { timeout: 60_000 + CASES * 10 }, async () => {
    const few = new Set(
      split((await build({ subject: 'x', text: 'x' })).bytes).headers.map((line) => line.split(':')[0]),
    );
    const word = fc.string({
      unit: fc.constantFrom(
        'a',
        'ä',
        ' ',
        '\r',
        '\n',
        ':',
        '=?',
        '?=',
        '<',
        '>',
        ',',
        '"',
        '\\',
        '\u2028',
        'x'.repeat(90),
      ),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(word, word, async (subject, name) => {
        let built: Awaited<ReturnType<typeof build>>;
        try {
          built = await build({ subject, to: [{ name, address: 'b@example.com' }], text: 'x' });
        } catch (error) {
          expect(isRoundhouseError(error) && error.code).toBe('MIME_INVALID');
          expect(subject + name).toMatch(/[\r\n]/);
          return;
        }
        for (const line of split(built.bytes).headers) expect(few).toContain(line.split(':')[0]);
        expect((await parseMessage(built.bytes)).to.map(({ address }) => address)).toEqual(['b@example.com']);
      }),
      { numRuns: CASES },
    );
  });
});

describe('a signature by DKIM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const dkim = { domain: 'example.com', selector: 's1', privateKey: new Secret(pem) };

  /** RFC 6376 §3.4.2 and §3.4.4, written anew here; the signature itself is checked by OpenSSL. */
  function verify(bytes: Uint8Array): {
    readonly isBodyGood: boolean;
    readonly isSignatureGood: boolean;
    readonly signed: readonly string[];
  } {
    const { headers, body } = split(bytes);
    const [signature = '', ...rest] = headers;
    const tags = new Map(
      signature
        .slice(signature.indexOf(':') + 1)
        .split(';')
        .map((tag) => {
          const at = tag.indexOf('=');
          return [tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s+/g, '')] as const;
        }),
    );
    const relaxedBody = body
      .split('\r\n')
      .map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
      .join('\r\n')
      .replace(/(\r\n)*$/, '');
    const hashed = relaxedBody === '' ? '' : `${relaxedBody}\r\n`;
    const bodyHash = createHash('sha256').update(Buffer.from(hashed, 'latin1')).digest('base64');
    const relaxed = (line: string): string => {
      const at = line.indexOf(':');
      const value = line
        .slice(at + 1)
        .replaceAll('\r\n', '')
        .replace(/[ \t]+/g, ' ')
        .trim();
      return `${line.slice(0, at).toLowerCase().trim()}:${value}`;
    };
    const left = [...rest];
    const signed = (tags.get('h') ?? '').split(':');
    const lines = signed.flatMap((name) => {
      const at = left.findLastIndex((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
      return at === -1 ? [] : left.splice(at, 1).map(relaxed);
    });
    const unsigned = relaxed(signature.replace(/(\bb=)[^;]*/, '$1'));
    const data = Buffer.from([...lines, unsigned].join('\r\n'), 'latin1');
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-dkim-'));
    try {
      writeFileSync(join(folder, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
      writeFileSync(join(folder, 'signature'), Buffer.from(tags.get('b') ?? '', 'base64'));
      writeFileSync(join(folder, 'data'), data);
      const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature', 'data'];
      let isSignatureGood = true;
      try {
        execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
      } catch {
        isSignatureGood = false;
      }
      return { isBodyGood: bodyHash === tags.get('bh'), isSignatureGood, signed };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it('is good for OpenSSL over what RFC 6376 says is signed', async () => {
    const input = {
      from: 'a@example.com',
      to: ['b@example.com'],
      subject: 'Grüße  an alle',
      text: 'x \t y  \n\n\n.\n\n',
    };
    const { bytes } = await buildMessage(input, { clock, dkim });
    const { isBodyGood, isSignatureGood, signed } = verify(bytes);
    expect({ isBodyGood, isSignatureGood }).toEqual({ isBodyGood: true, isSignatureGood: true });
    expect(signed.map((name) => name.toLowerCase())).toEqual(
      expect.arrayContaining(['from', 'to', 'subject', 'date', 'message-id']),
    );
  });

  it('is not good when a byte of the message is another', async () => {
    const { bytes } = await buildMessage(
      { from: 'a@example.com', to: ['b@example.com'], subject: 'one', text: 'hello' },
      { clock, dkim },
    );
    const text = Buffer.from(bytes).toString('latin1');
    expect(verify(Buffer.from(text.replace('hello', 'hallo'), 'latin1')).isBodyGood).toBe(false);
    expect(verify(Buffer.from(text.replace('Subject: one', 'Subject: two'), 'latin1')).isSignatureGood).toBe(false);
  });

  it('signs a message without a body', async () => {
    const signed = await signDkim(Buffer.from('From: a@example.com\r\nSubject: x\r\n\r\n'), dkim);
    expect(verify(signed)).toMatchObject({ isBodyGood: true, isSignatureGood: true });
  });

  it.each([
    ['no key', 'x'],
    [
      'a key of another kind',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    ],
    [
      'a key of too few bits',
      generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    ],
  ])('is not made with %s', async (_name, key) => {
    const failing = signDkim(Buffer.from('From: a@b\r\n\r\n'), { ...dkim, privateKey: key });
    await expect(failing).rejects.toMatchObject({ code: 'DKIM_KEY_INVALID' });
  });

  it.each(['x;y', 'a b', ''])('is not made for the selector %j', async (selector) => {
    await expect(signDkim(Buffer.from('\r\n'), { ...dkim, selector })).rejects.toMatchObject({
      code: 'DKIM_KEY_INVALID',
    });
  });
});
