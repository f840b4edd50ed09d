import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, get, type RequestOptions, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  type CertificateFiles,
  type CertificateWatch,
  type ClientCertificate,
  clientCertificateOf,
  connectTcp,
  type Listener,
  listen,
  nodeTlsOptions,
  setServerTls,
  type Transport,
  watchCertificateFiles,
} from '@roundhouse/net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, createCertificateAuthority } from './certificate.ts';
import { FakeClock } from './clock.ts';

const authority = createCertificateAuthority('Ours');
const stranger = createCertificateAuthority('Somebody Else');
const [one, two, three] = ['one', 'two', 'three'].map((commonName) => authority.issue({ commonName })) as [
  Certificate,
  Certificate,
  Certificate,
];
const expired = authority.issue({ isExpired: true });
const DAY_MS = 86_400_000;

let scope: Scope;
let clock: FakeClock;
let folder: string;
let files: CertificateFiles;
let told: string[];

beforeEach(() => {
  clock = new FakeClock(Date.now());
  scope = createScope({ clock });
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roundhouse-certificates-')));
  files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  told = [];
});
afterEach(() => {
  scope.end();
  expect(clock.pendingTimers).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

function write({ cert, key }: Certificate, where = folder): void {
  writeFileSync(join(where, 'tls.crt'), cert);
  writeFileSync(join(where, 'tls.key'), key);
}

function follow(onChange: (watch: { tls: Certificate }) => void = () => {}): Promise<CertificateWatch> {
  return watchCertificateFiles(
    files,
    {
      changed: (loaded) => {
        onChange(loaded);
        told.push(`changed ${loaded.subject}`);
      },
      refused: (error) => told.push(`refused ${error.code} ${String(error.details.reason).replace(`${folder}/`, '')}`),
      expiring: (loaded, days) => told.push(`expiring ${loaded.subject} ${days}`),
    },
    scope,
  );
}

/** Lets the system tell of a change, and the settling pass, until something is told. */
async function untilTold(count: number): Promise<void> {
  while (told.length < count) await clock.advance(250);
}

async function failure(promise: Promise<unknown>): Promise<RoundhouseError> {
  return promise.then(
    () => expect.unreachable('it did not fail'),
    (error: RoundhouseError) => error,
  );
}

describe('a pair of certificate and key', () => {
  it('is loaded with its facts', async () => {
    write(one);
    const { current, daysLeft } = await follow();
    expect(current).toMatchObject({ subject: 'CN=one', tls: one });
    expect(current.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(daysLeft).toBe(1);
    expect(told).toEqual(['expiring CN=one 1']);
  });

  it.each<[string, () => void, string]>([
    ['not there', () => {}, 'tls.crt: it cannot be read (ENOENT)'],
    ['of two different certificates', () => write({ cert: one.cert, key: two.key }), 'tls.key: it is not the key'],
    ['over', () => write(expired), 'tls.crt: the certificate ended'],
    ['no PEM', () => write({ cert: 'hello', key: one.key }), 'tls.crt: '],
    ['without its key', () => write({ cert: one.cert, key: '' }), 'tls.key: '],
    ['larger than any pair', () => write({ cert: 'x'.repeat(1_048_577), key: one.key }), 'more than 1048576 bytes'],
  ])('is refused at the start when it is %s', async (_what, prepare, reason) => {
    prepare();
    const error = await failure(follow());
    expect(error).toMatchObject({ code: 'TLS_MATERIAL_INVALID' });
    expect(error.message).toContain(reason);
    expect(JSON.stringify(error)).not.toContain('PRIVATE KEY');
  });

  it('is refused before its time', async () => {
    write(one);
    clock = new FakeClock(Date.now() - 3 * DAY_MS);
    scope = createScope({ clock });
    expect((await failure(follow())).message).toContain('begins only');
  });
});

describe('the files of a pair', () => {
  beforeEach(() => write(one));

  it.each<[string, () => void]>([
    ['written over', () => write(two)],
    [
      'renamed into place',
      () => {
        mkdirSync(join(folder, 'new'));
        write(two, join(folder, 'new'));
        for (const name of ['tls.key', 'tls.crt']) renameSync(join(folder, 'new', name), join(folder, name));
      },
    ],
  ])('are read again when they are %s', async (_how, replace) => {
    const watch = await follow();
    told = [];
    replace();
    await untilTold(1);
    expect(told[0]).toBe('changed CN=two');
    expect(watch.current.tls).toMatchObject(two);
  });

  it('are followed through links, as Kubernetes and certbot swap them, again and again', async () => {
    const target = (name: string, certificate: Certificate): void => {
      mkdirSync(join(folder, name));
      write(certificate, join(folder, name));
    };
    const point = (to: string): void => {
      symlinkSync(to, join(folder, '..tmp'));
      renameSync(join(folder, '..tmp'), join(folder, '..data'));
    };
    target('..1', one);
    target('..2', two);
    point('..1');
    for (const name of ['tls.crt', 'tls.key']) {
      unlinkSync(join(folder, name));
      symlinkSync(join('..data', name), join(folder, name));
    }
    await follow();
    told = [];
    point('..2');
    await untilTold(2);
    // What the links lead to now is watched as well.
    write(three, join(folder, '..2'));
    while (!told.includes('changed CN=three')) await clock.advance(250);
    expect(told.filter((line) => line.startsWith('changed'))).toEqual(['changed CN=two', 'changed CN=three']);
  });

  it('keep the old pair when the new one is no good, tell it once, and take a good one afterwards', async () => {
    const watch = await follow();
    told = [];
    writeFileSync(files.certFile, two.cert);
    await untilTold(1);
    expect(told).toEqual([
      `refused TLS_MATERIAL_INVALID tls.key: it is not the key of the certificate in ${files.certFile}`,
    ]);
    for (let poll = 0; poll < 3; poll++) await watch.reload();
    expect(told).toHaveLength(1);
    expect(watch.current.tls).toMatchObject(one);
    writeFileSync(files.keyFile, two.key);
    await untilTold(2);
    expect(told[1]).toBe('changed CN=two');
  });

  it('keep the old pair when they are gone, or when whoever is told of the new one cannot use it', async () => {
    const watch = await follow(() => {
      throw new Error('no');
    });
    told = [];
    rmSync(files.certFile);
    await watch.reload();
    expect(told).toEqual(['refused TLS_MATERIAL_INVALID tls.crt: it cannot be read (ENOENT)']);
    write(two);
    await watch.reload();
    expect(told[1]).toBe('refused TLS_MATERIAL_INVALID tls.crt: it was not taken (Error: no)');
    expect(watch.current.tls).toMatchObject(one);
  });

  it('are read each minute even when the system tells nothing', async () => {
    const watch = await follow();
    told = [];
    write(two);
    await clock.advance(60_000);
    await watch.reload();
    expect(told[0]).toBe('changed CN=two');
  });

  it('tell of the end that comes near, each step once, and again of another pair', async () => {
    const watch = await follow();
    await clock.advance(DAY_MS / 2);
    await watch.reload();
    await clock.advance(DAY_MS * 2);
    await watch.reload();
    expect(watch.daysLeft).toBe(0);
    expect(new Set(told.filter((line) => line.startsWith('expiring')))).toEqual(
      new Set(['expiring CN=one 1', 'expiring CN=one 0']),
    );
    expect(told.filter((line) => line === 'expiring CN=one 0')).toHaveLength(1);
  });
});

describe('a TLS listener whose certificate is swapped', () => {
  let listener: Listener;
  let accepted: Transport[];

  beforeEach(async () => {
    accepted = [];
    listener = await listen(
      { host: '127.0.0.1', port: 0, tls: one },
      (transport) => {
        accepted.push(transport);
        transport.start({ data: (chunk) => void transport.write(Buffer.from(chunk)), ended() {}, closed() {} });
      },
      scope,
    );
  });

  const dial = (tls = {}) =>
    connectTcp({ host: '127.0.0.1', port: listener.port, tls: { ca: authority.cert, ...tls } }, scope);
  const echoed = (transport: Transport, text: string): Promise<string> =>
    new Promise((resolve) => {
      transport.start({ data: (chunk) => resolve(Buffer.from(chunk).toString()), ended() {}, closed() {} });
      transport.write(Buffer.from(text));
    });

  it('gives new connections the new one, and the old go on', async () => {
    const before = await dial();
    listener.setTls(two);
    const after = await dial();
    expect([before.tls?.certificate?.subject, after.tls?.certificate?.subject]).toEqual(['CN=one', 'CN=two']);
    expect(await echoed(before, 'old')).toBe('old');
    expect(await echoed(after, 'new')).toBe('new');
  });

  it('keeps the old one when the new pair is no good', async () => {
    const mixed = { cert: two.cert, key: three.key };
    expect(() => listener.setTls(mixed)).toThrow(expect.objectContaining({ code: 'TLS_MATERIAL_INVALID' }));
    expect((await dial()).tls?.certificate?.subject).toBe('CN=one');
  });

  it('follows files from beginning to end', async () => {
    write(one);
    await follow(({ tls }) => listener.setTls(tls));
    told = [];
    write(two);
    await untilTold(1);
    expect((await dial()).tls?.certificate?.subject).toBe('CN=two');
  });

  it('can begin to ask for client certificates, with or without keeping out who has none', async () => {
    const client = authority.issue({ use: 'client', commonName: 'batch7', names: ['DNS:batch7.example'] });
    listener.setTls({ ...one, clientCa: authority.cert, clientCertificate: 'requested' });
    await dial();
    await dial(client);
    await dial(stranger.issue({ use: 'client', commonName: 'mallory' }));
    while (accepted.length < 3) await new Promise((resolve) => setImmediate(resolve));
    const seen = accepted.map(({ tls }) => [tls?.verified, tls?.certificate?.alternativeNames ?? null]);
    expect(seen).toEqual([
      [false, null],
      [true, ['DNS:batch7.example']],
      [false, []],
    ]);
    listener.setTls({ ...one, clientCa: authority.cert });
    const { promise, resolve } = Promise.withResolvers<RoundhouseError | undefined>();
    await dial().then(
      (transport) => transport.start({ data() {}, ended() {}, closed: resolve }),
      (error: RoundhouseError) => resolve(error),
    );
    expect(await promise).toMatchObject({ code: 'TLS_CLIENT_CERTIFICATE' });
    expect(accepted).toHaveLength(3);
  });

  it('does not take one name of a client for several', async () => {
    // One name that has commas in it; OpenSSL takes such a one only from a section of its own.
    const name = 'x, DNS:root.example, DNS:y';
    listener.setTls({ ...one, clientCa: authority.cert });
    await dial(authority.issue({ use: 'client', names: [`@names\n[names]\nDNS.1=${name}\nIP.1=192.0.2.7`] }));
    while (accepted.length < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(accepted[0]?.tls).toMatchObject({
      verified: true,
      certificate: { alternativeNames: [`DNS:${name}`, 'IP:192.0.2.7'], names: [name, '192.0.2.7'] },
    });
  });

  it('that speaks no TLS says so', async () => {
    const plain = await listen({ host: '127.0.0.1', port: 0 }, () => {}, scope);
    expect(() => plain.setTls(one)).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }));
  });
});

describe("a server of Node's whose certificate is swapped", () => {
  let server: Server;
  let seen: Array<ClientCertificate | null>;

  beforeEach(async () => {
    seen = [];
    const tls = { ...one, clientCa: authority.cert, clientCertificate: 'requested' } as const;
    server = createServer(nodeTlsOptions(tls), (request, response) => {
      seen.push(clientCertificateOf(request.socket as TLSSocket));
      response.end('hello');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  /** Subject of the certificate that answered. */
  const ask = (options: RequestOptions = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      get({ host: '127.0.0.1', port, ca: authority.cert, agent: false, ...options }, (response) => {
        const { CN } = (response.socket as TLSSocket).getPeerCertificate().subject;
        response.resume().on('end', () => resolve(String(CN)));
      }).on('error', reject);
    });

  it('gives new connections the new one', async () => {
    expect(await ask()).toBe('one');
    setServerTls(server, two);
    expect(await ask()).toBe('two');
    const mixed = { cert: one.cert, key: two.key };
    expect(() => setServerTls(server, mixed)).toThrow(expect.objectContaining({ code: 'TLS_MATERIAL_INVALID' }));
    expect(await ask()).toBe('two');
  });

  it('tells of the certificate of the client, and whether it is vouched for', async () => {
    const names = ['DNS:batch7.example', 'IP:192.0.2.7', 'URI:spiffe://x/y'];
    const clients = [{}, authority.issue({ use: 'client', names }), stranger.issue({ use: 'client', names })];
    for (const client of clients) await ask(client);
    expect(seen).toMatchObject([
      null,
      { authorized: true, subjectAltNames: names },
      { authorized: false, subjectAltNames: names },
    ]);
    expect(seen[1]?.fingerprint256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  it('keeps out who has no good certificate only when told to', () => {
    expect(nodeTlsOptions({ ...one, clientCa: authority.cert })).toMatchObject({
      requestCert: true,
      rejectUnauthorized: true,
    });
    expect(nodeTlsOptions(one)).toMatchObject({ requestCert: false, rejectUnauthorized: false });
  });
});
