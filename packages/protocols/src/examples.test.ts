import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FOLDER = join(import.meta.dirname, '../../../examples/net');
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));
const source = (name: string): string => readFileSync(join(FOLDER, `${name}.ts`), 'utf8');

/** What shows in a program that it is one for a subject. */
const SUBJECTS: Readonly<Record<string, RegExp>> = {
  'http client': /createHttpClient\(|connectHttp\(/,
  'http server': /serveHttp\(/,
  http2: /'h2'|h2c: true|http: '2'|\bhttps: \{/,
  websocket: /protocols\/websocket'/,
  sse: /protocols\/sse'/,
  'dns resolver': /createResolver\(/,
  'dns server': /serveDns\(/,
  'smtp client': /connectSmtp\(|createSmtpPool\(/,
  'smtp server': /serveSmtp\(/,
  imap: /connectImap\(/,
  pop3: /connectPop3\(/,
  mime: /protocols\/mime'/,
  policy: /policy: \{/,
  pool: /createPool|createSmtpPool|createBalancedPool|maxPerOrigin/,
};

describe('the examples', () => {
  it.each(Object.entries(SUBJECTS))('show %s three times at least', (_subject, sign) => {
    expect(names.filter((name) => sign.test(source(name))).length).toBeGreaterThanOrEqual(3);
  });

  const tests = globSync('**/examples.process.test.ts', { cwd: import.meta.dirname })
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .join('\n');

  it.each(names)('%s is run by a test', (name) => {
    expect(tests).toMatch(new RegExp(`['"\`]${name}(\\.ts)?['"\`]`));
  });

  it.each(names)('%s says at its beginning what it is, and how it is run', (name) => {
    expect(source(name)).toMatch(/^\/\*\*[^]*?\*\/\nimport /);
    if (source(name).includes('process.argv')) expect(source(name)).toMatch(new RegExp(`node [^\n]*${name}\\.ts`));
  });
});
