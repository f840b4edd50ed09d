import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { createRuntime } from '@roundhouse/net';
import {
  createCertificateAuthority,
  nameServersAvailable,
  readRecord,
  startDnsmasq,
  startKnot,
  startNamed,
  startPeer,
  startUnbound,
} from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECORDS } from '../conformance.fixture.ts';
import { exchange, SUITES } from './answers.suite.fixture.ts';
import { zoneText } from './answerZone.fixture.ts';
import { decodeMessage } from './message/decode.ts';
import { encodeMessage } from './message/encode.ts';
import type { Resolver } from './resolver/contract.ts';
import { createResolver } from './resolver/resolver.ts';
import type { NameServerOptions } from './resolver/options.ts';
import { type DnsServer, serveDns } from './server/server.ts';
import { parseZone } from './zone/text.ts';

const HOST = '127.0.0.1';
const isReady = nameServersAvailable('named', 'knotd', 'unbound', 'dnsmasq', 'dig', 'kdig');

const scope = createScope();
const runtime = createRuntime();
const authority = createCertificateAuthority();
let server: DnsServer;

async function run(command: string, ...args: readonly string[]): Promise<string> {
  let output = '';
  const peer = await startPeer(command, args);
  peer.onOutput((text) => {
    output += text;
  });
  peer.endInput();
  const { code } = await peer.exited;
  if (code !== 0) throw peer.failure(`it failed: ${args.join(' ')}`);
  return output.trim();
}

const dig = (...args: readonly string[]): Promise<string> =>
  run('dig', `@${HOST}`, '-p', String(server.port), '+time=5', '+tries=1', ...args);

/** Waits for a condition that other programs bring about. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await scope.sleep(50);
  }
  throw new Error('it did not come about within 20 s');
}

describe.runIf(isReady)('Our DNS server', () => {
  beforeAll(async () => {
    const material = authority.issue();
    server = await serveDns(
      {
        zones: [parseZone(zoneText(1), { origin: 'ex.test' })],
        transfer: { allow: [HOST] },
        tls: material,
        https: material,
      },
      runtime,
      scope,
    );
  });
  afterAll(() => server.drain());

  it('is compared with what BIND answers today, too', async () => {
    const [suite] = SUITES;
    const [peer] = suite?.peers ?? [];
    const { ours, peers } = readRecord(RECORDS, suite?.name ?? '');
    const theirs = await peer?.run();
    expect(theirs).toEqual(ours);
    if (peers['named']?.version === (await peer?.version())) expect(theirs).toEqual(peers['named']?.outcomes);
  });

  it('writes a message byte for byte as BIND does', async () => {
    await using bind = await startNamed({ zones: { 'ex.test': zoneText(1) } });
    for (const [name, type] of [
      ['www.ex.test', 'A'],
      ['ex.test', 'SOA'],
      ['mail.ex.test', 'AAAA'],
      ['text.ex.test', 'TXT'],
      ['_sip._udp.ex.test', 'SRV'],
    ] as const) {
      const bytes = await exchange(bind.port, encodeMessage({ id: 7, questions: [{ name, type }] }));
      const { edns: _none, ...message } = decodeMessage(bytes);
      expect(Buffer.from(encodeMessage(message)).toString('hex')).toBe(bytes.toString('hex'));
    }
  });

  it('is understood by dig: UDP, TCP, EDNS, large answers, whole zones and changes', async () => {
    expect(await dig('+short', 'www.ex.test')).toBe('web.ex.test.\n192.0.2.80\n192.0.2.81');
    expect(await dig('+short', '+tcp', 'ex.test', 'MX')).toBe('10 mail.ex.test.');
    expect(await dig('+edns=0', '+bufsize=1232', 'mail.ex.test')).toMatch(/EDNS: version: 0, flags:; udp: 1232/);
    expect(await dig('+noednsnegotiation', '+edns=1', 'mail.ex.test')).toContain('status: BADVERS');
    expect(await dig('large.ex.test', 'TXT')).toMatch(/Truncated, retrying in TCP mode/);
    expect(await dig('+noall', '+answer', 'strange.ex.test', 'TYPE4711')).toMatch(/TYPE4711\s+\\# 3 010203/);
    expect(await dig('other.test')).toContain('status: REFUSED');
    expect(await dig('ex.test', 'AXFR')).toMatch(/XFR size: 38 records \(messages 1,/);
    expect(await dig('ex.test', 'IXFR=0')).toMatch(/XFR size: 38 records/);
    expect(await dig('ex.test', 'IXFR=1')).toMatch(/XFR size: 1 records/);
    expect(await dig('+short', '+keepopen', '+tcp', 'ns.ex.test', 'mail.ex.test')).toBe('127.0.0.1\n192.0.2.25');
  });

  it('is understood by kdig over TLS and HTTPS, which checks the certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-kdig-'));
    try {
      const ca = `${folder}/ca.pem`;
      await writeFile(ca, authority.cert);
      const ask = (...args: readonly string[]): Promise<string> =>
        run('kdig', `@${HOST}`, '+short', `+tls-ca=${ca}`, '+tls-hostname=localhost', ...args, 'mail.ex.test', 'AAAA');
      expect(await ask('-p', String(server.tlsPort), '+tls')).toBe('2001:db8::25');
      expect(await ask('-p', String(server.httpsPort), '+https')).toBe('2001:db8::25');
      expect(await ask('-p', String(server.httpsPort), '+https-get')).toBe('2001:db8::25');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ['unbound', startUnbound],
    ['dnsmasq', startDnsmasq],
  ] as const)('is asked by %s', async (_name, start) => {
    await using forwarder = await start({ zone: 'ex.test', port: server.port });
    const short = (...args: readonly string[]): Promise<string> =>
      run('dig', `@${HOST}`, '-p', String(forwarder.port), '+short', '+time=5', ...args);
    expect((await short('chain1.ex.test')).split('\n').toSorted()).toEqual([
      '192.0.2.80',
      '192.0.2.81',
      'chain2.ex.test.',
      'chain3.ex.test.',
      'web.ex.test.',
    ]);
    expect(await short('a.b.wild.ex.test', 'TXT')).toBe('"wild"');
    expect(await short('none.ex.test')).toBe('');
    expect((await short('large.ex.test', 'TXT')).length).toBeGreaterThan(2_000);
  });

  it.each(['named', 'knotd'] as const)(
    'has its zones taken over by %s, and is heard when they change',
    async (name) => {
      const origin = 'copied.test';
      const text = (serial: number, more = ''): string => zoneText(serial, more).replaceAll('ex.test', origin);
      const records = Array.from({ length: 3_000 }, (_, at) => `host${at} A 10.0.${at >> 8}.${at & 255}`).join('\n');
      const own = await serveDns(
        { zones: [parseZone(text(1, records), { origin })], transfer: { allow: [HOST] } },
        runtime,
        scope,
      );
      const port = own.port;
      await using secondary =
        name === 'named' ? await startNamed({ secondaryOf: { [origin]: port } }) : await startKnot(origin, port);
      const asked = (question: string): Promise<string> =>
        run('dig', `@${HOST}`, '-p', String(secondary.port), '+short', '+time=1', '+tries=1', question).catch(() => '');
      await until(async () => ((await asked(`host2999.${origin}`)) === '10.0.11.183' ? true : undefined));
      await own.drain();
      // The same zone with somebody to be notified, and then another version of it.
      const notifying = await serveDns(
        {
          port,
          zones: [parseZone(text(1, records), { origin })],
          transfer: { allow: [HOST] },
          notify: [`${HOST}:${secondary.port}`],
        },
        runtime,
        scope,
      );
      try {
        await notifying.setZone(parseZone(text(2, `${records}\nnew A 192.0.2.200\n`), { origin }));
        await until(async () => ((await asked(`new.${origin}`)) === '192.0.2.200' ? true : undefined));
        expect(notifying.stats()).toMatchObject({ transfersRefused: 0, notifyFailed: 0 });
        expect(notifying.stats().transfers).toBeGreaterThanOrEqual(1);
        expect(notifying.stats().notified).toBeGreaterThanOrEqual(1);
      } finally {
        await notifying.drain();
      }
    },
  );
});

describe.runIf(isReady)('Our resolver', () => {
  const use = async <T>(
    servers: readonly NameServerOptions[],
    work: (resolver: Resolver) => Promise<T>,
  ): Promise<T> => {
    await using resolver = createResolver({ servers, rounds: 1, attemptMs: 5_000 }, runtime);
    return await work(resolver);
  };

  it('asks BIND over UDP, TCP, TLS and HTTPS', async () => {
    await using bind = await startNamed({ zones: { 'ex.test': zoneText(1) }, certificate: authority.issue() });
    const tls = { ca: authority.cert };
    for (const given of [
      { transport: 'udp', address: `${HOST}:${bind.port}` },
      { transport: 'tcp', address: `${HOST}:${bind.port}` },
      { transport: 'tls', address: `${HOST}:${bind.tlsPort}`, tls },
      { transport: 'https', address: `${HOST}:${bind.httpsPort}`, tls },
    ] as const) {
      await use([given], async (resolver) => {
        expect((await resolver.addresses('www.ex.test', scope)).toSorted()).toEqual(['192.0.2.80', '192.0.2.81']);
        const { records } = await resolver.resolve('large.ex.test', 'TXT', scope);
        expect(records[0]?.data.type === 'TXT' && records[0].data.strings.length).toBe(10);
        await expect(resolver.resolve('none.ex.test', 'A', scope)).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
        expect(await resolver.service('_sip._udp.ex.test', scope)).toEqual([
          { host: 'mail.ex.test', port: 5_060, priority: 1, weight: 2 },
        ]);
        await expect(resolver.resolve('elsewhere.', 'A', scope)).rejects.toMatchObject({
          code: 'NAME_TEMPORARY_FAILURE',
          remote: { status: 'REFUSED' },
        });
      });
    }
    const strict = [{ transport: 'tls', address: `${HOST}:${bind.tlsPort}` }] as const;
    await use(strict, async (resolver) => {
      await expect(resolver.resolve('ex.test', 'A', scope)).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
    });
  });

  it('asks unbound and dnsmasq, which ask BIND, and goes on to the next when one is gone', async () => {
    await using bind = await startNamed({ zones: { 'ex.test': zoneText(1) } });
    const zone = { zone: 'ex.test', port: bind.port };
    const unbound = await startUnbound({ ...zone, certificate: authority.issue() });
    await using dnsmasq = await startDnsmasq(zone);
    const tls = { ca: authority.cert };
    const over = { transport: 'tls', address: `${HOST}:${unbound.tlsPort}`, tls } as const;
    const servers = [over, { address: `${HOST}:${dnsmasq.port}` }];
    const ask = (resolver: Resolver) => resolver.resolve('chain1.ex.test', 'A', scope, { usesCache: false });
    for (const server of servers) {
      await use([server], async (resolver) => {
        expect(await ask(resolver)).toMatchObject({ name: 'web.ex.test.', aliases: { length: 3 } });
      });
    }
    await unbound.close();
    await use(servers, async (resolver) => {
      expect(await ask(resolver)).toMatchObject({ name: 'web.ex.test.', aliases: { length: 3 } });
      expect(resolver.stats().servers).toMatchObject([
        { questions: 1, failures: 1, lastCode: 'CONNECT_REFUSED' },
        { questions: 1, failures: 0 },
      ]);
    });
  });
});
