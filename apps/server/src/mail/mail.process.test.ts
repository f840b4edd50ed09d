import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient, type EventRecord } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { connectSmtp } from '@roundhouse/protocols/smtp';
import { createCertificateAuthority, freePort, isInstalled } from '@roundhouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RoundhouseProcess, startRoundhouse } from '../roundhouseProcess.fixture.ts';
import { Installation } from '../run/installation.fixture.ts';

const run = promisify(execFile);
const TOKEN = 'a-token-of-this-test';
const LIVES = 4;
const SENDERS = 4;
/** Answers with 250 at which a life ends. */
const TAKEN_A_LIFE = 40;

const folder = mkdtempSync(join(tmpdir(), 'roundhouse-mail-'));
const lives: RoundhouseProcess[] = [];
afterAll(() => {
  for (const { child } of lives) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function configured(name: string, mail: object): { readonly home: string; readonly config: string } {
  const config = join(folder, `${name}.yaml`);
  writeFileSync(config, JSON.stringify({ mail }));
  return { home: join(folder, name), config };
}

async function up({ home, config }: { readonly home: string; readonly config: string }): Promise<RoundhouseProcess> {
  const started = await startRoundhouse(home, TOKEN, config);
  lives.push(started);
  return started;
}

/** Every message that has been told, until `isEnough`. */
async function toldBy(url: string, isEnough: (events: readonly EventRecord[]) => boolean): Promise<EventRecord[]> {
  const stop = new AbortController();
  using client = createClient({ url, token: TOKEN });
  const told: EventRecord[] = [];
  const types = 'roundhouse.mail.received';
  try {
    for await (const event of client.streamEvents({ types }, { lastEventId: '0', signal: stop.signal })) {
      told.push(event);
      if (isEnough(told)) return told;
    }
    return told;
  } finally {
    stop.abort();
  }
}

const subjectIn = (text: string): string => /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? '';

/** What is in the mailbox, by subject; as another program sees it, or as the API shows it. */
const SUBJECTS_IN = {
  maildir: async ({ home }: { readonly home: string }): Promise<string[]> => {
    const box = join(home, 'mail', 'box', 'new');
    return readdirSync(box).map((file) => subjectIn(readFileSync(join(box, file), 'utf8')));
  },
  store: async (_place: unknown, url: string): Promise<string[]> => {
    using client = createClient({ url, token: TOKEN });
    const subjects: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await client.mail.list({ limit: 100, ...(cursor !== undefined && { cursor }) });
      for (const { id } of page.items) {
        const pieces = await Array.fromAsync(await client.mail.text(id));
        subjects.push(subjectIn(Buffer.concat(pieces).toString()));
      }
      cursor = page.next_cursor;
    }
    return subjects;
  },
} as const;

describe.each(['maildir', 'store'] as const)(
  'mail that a server that is killed (roundhouse up) has received in a %s',
  (keep) => {
    it('is in the mailbox and told, once, when it was answered with 250', { timeout: 180_000 }, async () => {
      const port = await freePort();
      const place = configured(`killed-${keep}`, { port, accept: ['a.example'], keep });
      const taken = new Set<string>();
      using scope = createScope();
      /** Sends until the server dies. */
      const churn = async (life: number, sender: number, isOver: () => boolean): Promise<void> => {
        const options = { host: '127.0.0.1', port, security: 'off' } as const;
        try {
          const client = await connectSmtp(options, scope);
          for (let at = 0; !isOver(); at++) {
            const subject = `${life}-${sender}-${at}`;
            const text = `Subject: ${subject}\r\n\r\n${'x'.repeat(500)}\r\n`;
            await client.send({ from: 'zos1@b.example', to: ['ops@a.example'] }, Buffer.from(text), scope);
            taken.add(subject);
          }
          client.abort();
        } catch (error) {
          // What was not answered may be there, or not.
          if (!isOver()) throw error;
        }
      };
      for (let life = 1; life <= LIVES; life++) {
        const server = await up(place);
        let isDead = false;
        const before = taken.size;
        const sending = Array.from({ length: SENDERS }, (_, sender) => churn(life, sender, () => isDead));
        await vi.waitFor(() => expect(taken.size - before).toBeGreaterThan(TAKEN_A_LIFE), {
          timeout: 30_000,
          interval: 1,
        });
        isDead = true;
        await server.kill('SIGKILL');
        await Promise.all(sending);
      }

      const server = await up(place);
      const kept = await SUBJECTS_IN[keep](place, server.url);
      for (const subject of taken) expect(kept).toContain(subject);
      const told = await toldBy(server.url, (events) => events.length === kept.length);
      const subjects = told.map(({ data }) => String(data['subject']));
      // As many as there are messages, and each of them.
      expect(subjects.toSorted()).toEqual(kept.toSorted());
      expect(new Set(told.map(({ subject }) => subject)).size).toBe(told.length);
      await vi.waitFor(() => expect(readdirSync(join(place.home, 'mail', 'outbox'))).toEqual([]));
      if (keep === 'maildir')
        expect(readdirSync(join(place.home, 'mail', 'box', 'tmp')).length).toBeLessThanOrEqual(LIVES * SENDERS);
      await server.kill('SIGTERM');
    });
  },
);

describe('mail that is received by a server that is stopped', () => {
  it('is finished when it comes just then', async () => {
    const port = await freePort();
    const place = configured('stopped', { port, accept: ['a.example'] });
    const server = await up(place);
    using scope = createScope();
    const client = await connectSmtp({ host: '127.0.0.1', port, security: 'off' }, scope);
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    async function* text() {
      yield Buffer.from('Subject: last\r\n\r\nhalf ');
      half.resolve();
      await rest.promise;
      yield Buffer.from('whole\r\n');
    }
    const sending = client.send({ from: 'z@b.example', to: ['ops@a.example'] }, text(), scope, { transfer: 'data' });
    await half.promise;
    const stopped = server.kill('SIGTERM');
    // Who comes now is not let in any more.
    await vi.waitFor(() =>
      expect(connectSmtp({ host: '127.0.0.1', port, security: 'off' }, scope)).rejects.toMatchObject({
        code: 'CONNECT_REFUSED',
      }),
    );
    rest.resolve();
    expect((await sending).reply.code).toBe(250);
    client.abort();
    await stopped;
    const next = await up(place);
    const told = await toldBy(next.url, (events) => events.length === 1);
    expect(told[0]?.data).toMatchObject({ subject: 'last' });
    await next.kill('SIGTERM');
  });
});

describe.skipIf(!isInstalled('swaks'))('mail of swaks', () => {
  let installation: Installation | undefined;
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'ca.pem') };
  beforeAll(() => {
    const authority = createCertificateAuthority();
    const { cert, key } = authority.issue();
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    writeFileSync(files.ca, authority.cert);
  });
  afterEach(() => installation?.[Symbol.asyncDispose]());

  const MAIL = {
    port: 0,
    hostname: 'mx.example',
    accept: ['a.example'],
    start_tls: { cert_file: files.cert, key_file: files.key },
    require_tls: true,
  };
  const content = (mail: object) => ({ server: { port: 0 }, mail });

  /** Exit code 0 when it was taken. */
  async function swaks(
    port: number,
    to: string,
    ...more: readonly string[]
  ): Promise<{ code: number; output: string }> {
    const argv = ['--server', '127.0.0.1', '--port', String(port), '--from', 'z@b.example', '--to', to, ...more];
    try {
      const { stdout, stderr } = await run('swaks', argv, { timeout: 30_000 });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  it('is taken over TLS, for whom it is to be taken, and told to all who listen', async () => {
    installation = await Installation.start(content(MAIL));
    const { server, events } = installation;
    const port = server.mail?.port ?? 0;
    const tls = ['--tls', '--tls-verify', '--tls-ca-path', files.ca, '--tls-sni', 'localhost'];
    const sent = await swaks(port, 'ops@a.example', ...tls, '--h-Subject', 'JOB4711 ABEND', '--body', 'secret body');
    expect([sent.code, sent.output]).toEqual([0, expect.stringMatching(/<~\s+250 2\.6\.0/)]);
    await installation.until(() => {
      const mine = events.filter(({ type }) => type === 'roundhouse.mail.received');
      expect(mine.map(({ data }) => [data['subject'], data['tls'], data['to']])).toEqual([
        ['JOB4711 ABEND', true, ['ops@a.example']],
      ]);
    });
    expect(JSON.stringify(events)).not.toContain('secret body');
    const { client } = installation;
    await installation.until(async () => {
      const { items } = await client.audit.query({ type: 'RHA-6008' });
      expect(items).toMatchObject([{ resource: { kind: 'mail' }, source: { address: '127.0.0.1' } }]);
    });

    const clear = await swaks(port, 'ops@a.example');
    expect(clear.output).toMatch(/<\*\*\s+530 5\.7\.0/);
    const other = await swaks(port, 'eve@elsewhere.test', ...tls);
    expect(other.output).toMatch(/<~\*\s+550 5\.7\.1/);
  });

  it('is taken by other rules with the next reload; another port waits for a restart', async () => {
    const open = { port: 0, accept: ['a.example'] };
    installation = await Installation.start(content(open));
    const { server, client } = installation;
    const port = server.mail?.port ?? 0;
    expect((await swaks(port, 'ops@c.example')).output).toMatch(/550 5\.7\.1/);
    await installation.write(content({ ...open, accept: ['c.example'] }));
    expect((await client.reloadConfiguration()).changes).toMatchObject([
      { path: expect.stringContaining('mail'), action: 'live' },
    ]);
    expect((await swaks(port, 'ops@c.example')).code).toBe(0);
    expect((await swaks(port, 'ops@a.example')).output).toMatch(/550 5\.7\.1/);
    await installation.write(content({ ...open, port: await freePort() }));
    expect(await client.reloadConfiguration()).toMatchObject({
      changes: expect.arrayContaining([expect.objectContaining({ action: 'restart' })]),
    });
  });
});
