import { createScope } from '@roundhouse/core';
import {
  type Address,
  createDirectDialer,
  createMemoryNetwork,
  createRuntime,
  type DatagramPort,
  type NetFact,
} from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { framed } from '../frames.ts';
import { decodeMessage } from '../message/decode.ts';
import { encodeMessage } from '../message/encode.ts';
import type { DecodedMessage, DnsMessage, ResourceRecord } from '../message/message.ts';
import { parseZone } from '../zone/text.ts';
import { serveDns } from '../server/server.ts';
import { HostsTable } from './hosts.ts';
import type { ResolverOptions } from './options.ts';
import { orderAddresses } from './order.ts';
import type { Resolver } from './contract.ts';
import { createResolver } from './resolver.ts';
import { orderTargets } from './service.ts';
import { parseResolvConf } from './system.ts';

const HOST = '127.0.0.1';
const A = (name: string, address: string, ttl = 60): ResourceRecord => ({ name, ttl, data: { type: 'A', address } });
const CNAME = (name: string, target: string, ttl = 60): ResourceRecord => ({
  name,
  ttl,
  data: { type: 'CNAME', target },
});
const SOA: ResourceRecord = {
  name: 'test.',
  ttl: 600,
  data: { type: 'SOA', primary: '.', mailbox: '.', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 },
};

type Script = (
  query: DecodedMessage,
  number: number,
  from: Address,
) => Partial<DnsMessage> | readonly Partial<DnsMessage>[] | undefined;

/** Name servers within the process that answer as a script says, and a resolver that asks them in order. */
async function stage(scripts: readonly Script[], options: Partial<ResolverOptions> = {}) {
  const clock = new FakeClock();
  const network = createMemoryNetwork();
  const facts: NetFact[] = [];
  const runtime = createRuntime({
    clock,
    ...network,
    random: () => 0,
    observer: { observe: (fact) => facts.push(fact) },
  });
  const scope = createScope({ clock });
  const asked: string[][] = scripts.map(() => []);
  const servers: string[] = [];
  for (const [index, script] of scripts.entries()) {
    const port: DatagramPort = await network.datagrams.open(
      { host: HOST },
      {
        message(bytes, from) {
          const query = decodeMessage(bytes);
          const { id, questions } = query;
          const [question] = questions;
          asked[index]?.push(`${question?.name.toLowerCase()} ${question?.type}`);
          const answers = script(query, (asked[index] as string[]).length, from);
          for (const answer of answers === undefined ? [] : [answers].flat()) {
            port.send(encodeMessage({ id, isResponse: true, questions, ...answer }), from);
          }
        },
      },
      scope,
    );
    servers.push(`${HOST}:${port.local.port}`);
  }
  const resolver = createResolver({ servers, hasIpv6: () => true, ...options }, runtime);
  /** Time goes on in small steps until the promise settles. */
  const settle = async <T>(promise: Promise<T>, stepMs = 0): Promise<T> => {
    let isSettled = false;
    promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    for (let step = 0; !isSettled && step < 2_000; step += 1) await clock.advance(stepMs);
    return await promise;
  };
  return { clock, network, runtime, scope, asked, resolver, facts, settle };
}

const records = ({ records: found }: Awaited<ReturnType<Resolver['resolve']>>): string[] =>
  found.map(({ name, ttl, data }) => `${name} ${ttl} ${data.type === 'A' ? data.address : data.type}`);

describe('A resolver', () => {
  it('asks once, and knows the answer until its time is over', async () => {
    const { clock, resolver, scope, asked, settle, facts } = await stage([
      ({ recursionDesired, edns }) =>
        recursionDesired && edns?.udpBytes === 1_232 ? { answers: [A('www.test.', '192.0.2.1')] } : undefined,
    ]);
    const first = await settle(resolver.resolve('WWW.test', 'A', scope));
    expect(first).toMatchObject({ isFromCache: false, name: 'www.test.', ttl: 60, aliases: [] });
    await clock.advance(59_500);
    const second = await settle(resolver.resolve('www.test.', 'A', scope));
    expect([second.isFromCache, second.ttl, records(second)]).toEqual([true, 1, ['www.test. 1 192.0.2.1']]);
    await clock.advance(500);
    expect(await settle(resolver.resolve('www.test', 'A', scope))).toMatchObject({ isFromCache: false });
    expect(asked).toEqual([['www.test. A', 'www.test. A']]);
    expect(resolver.stats()).toMatchObject({ cached: 1, hits: 1, misses: 2, servers: [{ questions: 2, failures: 0 }] });
    const ended = facts.filter(({ type }) => type === 'operationEnded');
    expect(ended).toMatchObject([
      { operation: 'resolve', code: null, sent: 'maybe' },
      { sent: 'none' },
      { sent: 'maybe' },
    ]);
    await resolver.drain();
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks anew when told so, and forgets when told so', async () => {
    const { resolver, scope, asked, settle } = await stage([() => ({ answers: [A('a.test.', '192.0.2.1')] })]);
    await settle(resolver.resolve('a.test', 'A', scope));
    await settle(resolver.resolve('a.test', 'A', scope, { usesCache: false }));
    resolver.clearCache();
    await settle(resolver.resolve('a.test', 'A', scope));
    expect(asked[0]).toHaveLength(3);
  });

  it('keeps that there is nothing, for the time of the SOA (RFC 2308 §5), and not without one', async () => {
    const { clock, resolver, scope, asked, settle } = await stage([
      ({ questions: [question] }) => {
        if (question?.name.toLowerCase() === 'none.test.') return { rcode: 3, authorities: [SOA] };
        return { authorities: question?.type === 'MX' ? [SOA] : [] };
      },
    ]);
    const none = (): Promise<unknown> => settle(resolver.resolve('none.test', 'A', scope));
    await expect(none()).rejects.toMatchObject({
      code: 'NAME_NOT_FOUND',
      remote: { status: 'NXDOMAIN' },
      retryable: false,
    });
    await expect(none()).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
    expect(asked[0]).toHaveLength(1);
    await clock.advance(30_000);
    await expect(none()).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
    expect(asked[0]).toHaveLength(2);
    expect(await settle(resolver.resolve('a.test', 'MX', scope))).toMatchObject({ records: [], ttl: 30 });
    expect(await settle(resolver.resolve('a.test', 'MX', scope))).toMatchObject({ isFromCache: true });
    await settle(resolver.resolve('a.test', 'TXT', scope));
    await settle(resolver.resolve('a.test', 'TXT', scope));
    expect(asked[0]).toHaveLength(5);
  });

  it('bounds what it keeps, in number and in time', async () => {
    const { resolver, scope, settle, clock } = await stage(
      [({ questions: [question] }) => ({ answers: [A(question?.name ?? '', '192.0.2.1', 1_000_000)] })],
      { cacheEntries: 2, maxTtl: 10 },
    );
    const ask = async (name: string): Promise<boolean> =>
      (await settle(resolver.resolve(name, 'A', scope))).isFromCache;
    expect([await ask('a'), await ask('b'), await ask('a'), await ask('c'), await ask('a'), await ask('b')]).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(resolver.stats().cached).toBe(2);
    await clock.advance(10_000);
    expect(await ask('b')).toBe(false);
  });

  it('asks one question for all who ask the same, until nobody waits any more', async () => {
    const { resolver, scope, asked, clock, settle } = await stage([() => undefined]);
    const scopes = [scope.child(), scope.child()] as const;
    const both = scopes.map((own) => resolver.resolve('a.test', 'A', own));
    for (const each of both) each.catch(() => {});
    for (let turn = 0; asked[0]?.length === 0 && turn < 50; turn += 1) await clock.advance(0);
    expect(asked[0]).toEqual(['a.test. A']);
    scopes[0].end();
    await expect(both[0]).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(10);
    expect(resolver.inFlight).toBe(1);
    scopes[1].end();
    await expect(settle(both[1] as Promise<unknown>)).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
    expect(resolver.inFlight).toBe(0);
  });

  it('follows aliases within an answer, and asks where one ends without', async () => {
    const { resolver, scope, asked, settle } = await stage([
      ({ questions: [question] }) => {
        switch (question?.name.toLowerCase()) {
          case 'a.test.':
            return { answers: [CNAME('a.test.', 'b.test.', 50), CNAME('b.test.', 'C.test.', 20)] };
          case 'c.test.':
            return { answers: [CNAME('c.test.', 'd.test.', 40), A('d.test.', '192.0.2.4'), A('x.test.', '6.6.6.6')] };
          case 'loop.test.':
            return { answers: [CNAME('loop.test.', 'pool.test.'), CNAME('pool.test.', 'loop.test.')] };
          default:
            return { rcode: 3, answers: [CNAME('gone.test.', 'none.test.')], authorities: [SOA] };
        }
      },
    ]);
    const answer = await settle(resolver.resolve('a.test', 'A', scope));
    expect([records(answer), answer.name, answer.aliases]).toEqual([
      ['d.test. 60 192.0.2.4'],
      'd.test.',
      ['a.test.', 'b.test.', 'c.test.'],
    ]);
    expect(asked[0]).toEqual(['a.test. A', 'c.test. A']);
    await expect(settle(resolver.resolve('loop.test', 'A', scope), 500)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
    await expect(settle(resolver.resolve('gone.test', 'A', scope))).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
  });

  it('goes on to the next server for what the first cannot, and prefers who is fast', async () => {
    const { resolver, scope, asked, settle } = await stage([
      (_query, number) => (number <= 2 ? { rcode: 2 } : { answers: [A('x.test.', '192.0.2.1')] }),
      ({ questions: [question] }) => ({ answers: [A(question?.name ?? '', '192.0.2.2', 0)] }),
    ]);
    for (const name of ['a.test', 'b.test', 'c.test']) await settle(resolver.resolve(name, 'A', scope));
    expect(asked).toEqual([['a.test. A'], ['a.test. A', 'b.test. A', 'c.test. A']]);
    expect(resolver.stats().servers).toMatchObject([
      { questions: 1, failures: 1, lastCode: 'PEER_UNAVAILABLE', responseMs: null },
      { questions: 3, failures: 0, lastCode: null },
    ]);
  });

  it.each<[string, Partial<DnsMessage>, string]>([
    ['SERVFAIL', { rcode: 2 }, 'SERVFAIL'],
    ['REFUSED', { rcode: 5 }, 'REFUSED'],
    ['a referral', { authorities: [{ name: 'test.', ttl: 1, data: { type: 'NS', target: 'ns.test.' } }] }, 'NOERROR'],
  ])('says that nobody could tell when all say %s', async (_what, answer, status) => {
    const { resolver, scope, settle, clock, asked } = await stage([() => answer, () => answer]);
    await expect(settle(resolver.resolve('a.test', 'A', scope))).rejects.toMatchObject({
      code: 'NAME_TEMPORARY_FAILURE',
      retryable: true,
      remote: { status },
      details: { host: 'a.test' },
    });
    expect(asked.map((each) => each.length)).toEqual([2, 2]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for silent servers so long, and says which', async () => {
    const { resolver, scope, settle, clock, asked } = await stage([() => undefined, () => undefined], {
      attemptMs: 100,
    });
    const startedAt = clock.monotonic();
    await expect(settle(resolver.resolve('a.test', 'A', scope), 50)).rejects.toMatchObject({
      code: 'TIMEOUT',
      phase: 'request',
      sent: 'all',
      peer: expect.stringMatching(/^udp:\/\/127\.0\.0\.1:\d+$/) as string,
    });
    // Two servers twice, the second time longer.
    expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual(600);
    expect(clock.monotonic() - startedAt).toBeLessThan(800);
    expect(asked.map((each) => each.length)).toEqual([2, 2]);
    const bounded = resolver.resolve('b.test', 'A', scope, { timeoutMs: 150 });
    await expect(settle(bounded, 10)).rejects.toMatchObject({ code: 'TIMEOUT', details: { timeout_ms: 150 } });
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks again without EDNS where it is not understood (RFC 6891 §7)', async () => {
    const { resolver, scope, settle, asked } = await stage([
      ({ edns }) => (edns === null ? { answers: [A('a.test.', '192.0.2.1')] } : { rcode: 1, questions: [] }),
    ]);
    expect(records(await settle(resolver.resolve('a.test', 'A', scope)))).toEqual(['a.test. 60 192.0.2.1']);
    await settle(resolver.resolve('a.test', 'A', scope, { usesCache: false }));
    expect(asked[0]).toHaveLength(3);
  });

  it('takes an answer from nobody else, with no other identity, question or case', async () => {
    const genuine = [A('a.test.', '192.0.2.1')];
    const forged = [A('a.test.', '6.6.6.6')];
    let other: DatagramPort | undefined;
    const { resolver, scope, network, settle } = await stage([
      ({ id, questions: [question] }, _number, from) => {
        const { name = '', type = 'A' } = question ?? {};
        const questions = [{ name, type }];
        other?.send(encodeMessage({ id, isResponse: true, questions, answers: forged }), from);
        return [
          { id: id ^ 1, answers: forged },
          { questions: [{ name: 'b.test.', type: 'A' }], answers: forged },
          { questions: [{ name, type: 'AAAA' }], answers: forged },
          { isResponse: false, answers: forged },
          { questions, answers: genuine },
        ];
      },
    ]);
    other = await network.datagrams.open({ host: HOST }, { message() {} }, scope);
    expect(records(await settle(resolver.resolve('a.test', 'A', scope)))).toEqual(['a.test. 60 192.0.2.1']);
  });

  it('does not believe an answer in another case over UDP', async () => {
    const { resolver, scope, settle } = await stage([
      ({ questions: [question] }) => ({
        questions: [{ name: question?.name.toLowerCase() ?? '', type: 'A' }],
        answers: [A('a-name-of-many-letters.test.', '6.6.6.6')],
      }),
    ]);
    // It asks by TCP, which nobody serves there.
    const asking = resolver.resolve('a-name-of-many-letters.test', 'A', scope);
    await expect(settle(asking, 100)).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
  });

  it('goes on over TCP for an answer that is not whole, over one connection', async () => {
    const network = createMemoryNetwork();
    const facts: NetFact[] = [];
    const runtime = createRuntime({ ...network, observer: { observe: (fact) => facts.push(fact) } });
    const scope = createScope();
    const text = Array.from({ length: 9 }, (_, at) => `"${String(at).repeat(200)}"`).join(' ');
    const zone = parseZone(`$TTL 60\n@ SOA . . 1 2 3 4 5\n@ NS ns.\nx TXT ${text}\ny TXT ${text}\n`, {
      origin: 'test',
    });
    const server = await serveDns({ zones: [zone] }, runtime, scope);
    const resolver = createResolver({ servers: [`${HOST}:${server.port}`] }, runtime);
    const both = await Promise.all(['x.test', 'y.test'].map((name) => resolver.resolve(name, 'TXT', scope)));
    expect(both.map(({ records: [record] }) => record?.data.type === 'TXT' && record.data.strings.length)).toEqual([
      9, 9,
    ]);
    expect(server.stats()).toMatchObject({ udpQueries: 2, streamQueries: 2, truncated: 2, connections: 1 });
    // The server goes and comes: the question that finds out is asked again.
    await server.drain();
    const again = await serveDns({ zones: [zone], port: server.port }, runtime, scope);
    await resolver.resolve('x.test', 'TXT', scope, { usesCache: false });
    expect(again.stats()).toMatchObject({ streamQueries: 1 });
    await resolver.drain();
    await again.drain();
    const opened = facts.filter(({ type, role }) => type === 'connectionOpened' && role === 'client');
    expect(opened).toHaveLength(3);
  });

  it('gives a connection up that nothing comes from, and asks over another', async () => {
    const clock = new FakeClock();
    const network = createMemoryNetwork();
    const runtime = createRuntime({ clock, ...network });
    const scope = createScope({ clock });
    let isMute = true;
    const peers: string[] = [];
    const listener = await network.listen(
      { host: HOST, port: 0 },
      (transport) => {
        peers.push(transport.peer);
        const isSilent = isMute;
        transport.start({
          data(chunk) {
            const query = decodeMessage(chunk.slice(2));
            const answers = [A('a.test.', '192.0.2.1')];
            if (!isSilent)
              transport.write(framed(encodeMessage({ ...query, edns: { udpBytes: 512 }, isResponse: true, answers })));
          },
          ended: () => void transport.close(),
          closed: () => {},
        });
      },
      scope,
    );
    const servers = [{ address: `${HOST}:${listener.port}`, transport: 'tcp' as const }];
    const resolver = createResolver({ servers, rounds: 1, attemptMs: 200 }, runtime);
    const first = expect(resolver.resolve('a.test', 'A', scope)).rejects.toMatchObject({ code: 'TIMEOUT' });
    for (let step = 0; step < 20; step += 1) await clock.advance(20);
    await first;
    isMute = false;
    const second = resolver.resolve('a.test', 'A', scope);
    for (let step = 0; step < 5; step += 1) await clock.advance(0);
    expect(records(await second)).toEqual(['a.test. 60 192.0.2.1']);
    expect(peers).toHaveLength(2);
    resolver.abort();
    listener.destroy();
    for (let step = 0; step < 5; step += 1) await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('knows addresses, localhost and the hosts file without asking', async () => {
    const hosts = new HostsTable(
      '192.0.2.7 Seven seven.test # a comment\n2001:db8::7 seven\nnonsense x\n#192.0.2.8 eight\n',
    );
    const { resolver, scope, asked } = await stage([() => undefined], { hosts });
    const addresses = (host: string, family?: 4 | 6) =>
      resolver.addresses(host, scope, family === undefined ? {} : { family });
    expect(await addresses('192.0.2.1')).toEqual(['192.0.2.1']);
    expect(await addresses('::1')).toEqual(['::1']);
    expect(await addresses('a.localhost')).toEqual(['::1', '127.0.0.1']);
    expect(await addresses('localhost', 4)).toEqual(['127.0.0.1']);
    expect(await addresses('SEVEN')).toEqual(['2001:db8::7', '192.0.2.7']);
    await expect(addresses('192.0.2.1', 6)).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
    expect(await resolver.reverse('192.0.2.7', scope)).toEqual(['seven', 'seven.test']);
    await expect(resolver.reverse('seven', scope)).rejects.toMatchObject({ code: 'ADDRESS_INVALID' });
    expect(asked[0]).toEqual([]);
  });

  it('tries the names of the search list, in the order of the dots (resolv.conf(5))', async () => {
    const { resolver, scope, asked, settle } = await stage(
      [
        ({ questions: [question] }) =>
          question?.name.toLowerCase() === 'www.b.test.' && question.type === 'A'
            ? { answers: [A('www.b.test.', '192.0.2.1')] }
            : question?.type === 'AAAA' && question.name.toLowerCase() === 'www.b.test.'
              ? { authorities: [SOA] }
              : { rcode: 3, authorities: [SOA] },
      ],
      { search: ['a.test', 'B.test'], ndots: 2 },
    );
    expect(await settle(resolver.addresses('www', scope))).toEqual(['192.0.2.1']);
    expect(asked[0]?.filter((each) => each.endsWith(' A'))).toEqual(['www.a.test. A', 'www.b.test. A']);
    await expect(settle(resolver.addresses('x.y.z', scope, { family: 4 }))).rejects.toMatchObject({
      code: 'NAME_NOT_FOUND',
    });
    await expect(settle(resolver.addresses('only.', scope, { family: 4 }))).rejects.toMatchObject({
      code: 'NAME_NOT_FOUND',
    });
    expect(asked[0]?.slice(-4)).toEqual(['x.y.z. A', 'x.y.z.a.test. A', 'x.y.z.b.test. A', 'only. A']);
  });

  it('does not wait for one family when the other has answered (RFC 8305 §3)', async () => {
    const { clock, resolver, scope, settle } = await stage([
      ({ questions: [question] }) => (question?.type === 'A' ? { answers: [A('a.test.', '192.0.2.1')] } : undefined),
    ]);
    const startedAt = clock.monotonic();
    expect(await settle(resolver.addresses('a.test', scope), 10)).toEqual(['192.0.2.1']);
    expect(clock.monotonic() - startedAt).toBeLessThan(200);
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('says where a service is, and when it is decidedly not there (RFC 2782)', async () => {
    const srv = (target: string, priority: number, weight: number): ResourceRecord => ({
      name: '_x._tcp.test.',
      ttl: 1,
      data: { type: 'SRV', priority, weight, port: 5_060, target },
    });
    const { resolver, scope, settle } = await stage([
      ({ questions: [question] }) =>
        question?.name.toLowerCase() === '_x._tcp.test.'
          ? { answers: [srv('c.test.', 20, 0), srv('a.test.', 10, 1), srv('b.test.', 10, 99)] }
          : { answers: [{ ...srv('.', 0, 0), name: '_no._tcp.test.' }] },
    ]);
    const targets = await settle(resolver.service('_x._tcp.test', scope));
    expect(targets.map(({ host, port }) => `${host}:${port}`)).toEqual(['a.test:5060', 'b.test:5060', 'c.test:5060']);
    await expect(settle(resolver.service('_no._tcp.test', scope))).rejects.toMatchObject({ code: 'NAME_NOT_FOUND' });
  });

  it('is a look-up for the dialer', async () => {
    const { resolver, settle } = await stage([
      ({ questions: [question] }) =>
        question?.type === 'A' ? { answers: [A('a.test.', '192.0.2.1')] } : { authorities: [SOA] },
    ]);
    const look = (name: string, all: boolean): Promise<unknown> =>
      new Promise((resolve) => resolver.lookup(name, { all }, (error, ...found) => resolve(error?.code ?? found)));
    expect(await settle(look('a.test', true))).toEqual([[{ address: '192.0.2.1', family: 4 }]]);
    expect(await settle(look('a.test', false))).toEqual(['192.0.2.1', 4]);
    expect(await settle(look('b.test', true))).toBe('ENOTFOUND');
    expect(createDirectDialer({ lookup: resolver.lookup }).name).toBe('direct');
  });

  it('takes no new question when it is drained, and only so many at a time', async () => {
    const { resolver, scope, settle, clock } = await stage([() => undefined], { maxInFlight: 1 });
    const first = resolver.resolve('a.test', 'A', scope);
    await expect(resolver.resolve('b.test', 'A', scope)).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    const drained = resolver.drain({ timeoutMs: 100 });
    await expect(resolver.resolve('c.test', 'A', scope)).rejects.toMatchObject({ code: 'DRAINING' });
    await expect(settle(first, 20)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await drained).toMatchObject({ cut: 1 });
    await expect(resolver.resolve('c.test', 'A', scope)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each<[string, Partial<ResolverOptions>, string]>([
    ['no server', { servers: [] }, 'NET_OPTION_INVALID'],
    ['a name over UDP', { servers: ['dns.example'] }, 'NET_OPTION_INVALID'],
    ['a port beyond all', { servers: ['192.0.2.1:70000'] }, 'ADDRESS_INVALID'],
    ['a search that is no name', { search: ['a..b'] }, 'DNS_NAME_INVALID'],
    ['ndots', { ndots: 16 }, 'NET_OPTION_INVALID'],
    ['rounds', { rounds: 0 }, 'NET_OPTION_INVALID'],
    ['a path', { servers: [{ address: 'x', transport: 'https', path: 'q' }] }, 'NET_OPTION_INVALID'],
  ])('refuses %s', (_what, options, code) => {
    expect(() => createResolver({ servers: [HOST], ...options })).toThrow(expect.objectContaining({ code }));
  });
});

describe('Addresses are tried', () => {
  it.each([
    [true, ['192.0.2.1', '192.0.2.2', '2001:db8::1'], ['2001:db8::1', '192.0.2.1', '192.0.2.2']],
    [false, ['2001:db8::1', '192.0.2.1', '192.0.2.2'], ['192.0.2.1', '192.0.2.2', '2001:db8::1']],
    [false, ['127.0.0.1', '::1'], ['::1', '127.0.0.1']],
    [true, ['2001:db8::1', '2001:db8::2', '192.0.2.1'], ['2001:db8::1', '192.0.2.1', '2001:db8::2']],
    [true, ['192.0.2.1', '192.0.2.1'], ['192.0.2.1']],
  ])('with IPv6 %s: %j as %j', (hasIpv6, given, ordered) => {
    expect(orderAddresses(given, hasIpv6)).toEqual(ordered);
  });
});

it('Targets of one priority are drawn by their weight', () => {
  const record = (target: string, weight: number): ResourceRecord => ({
    name: 'x.',
    ttl: 1,
    data: { type: 'SRV', priority: 1, weight, port: 1, target },
  });
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const first: Record<string, number> = {};
  for (let count = 0; count < 4_000; count += 1) {
    const [target] = orderTargets([record('light.', 1), record('heavy.', 3)], random);
    first[target?.host ?? ''] = (first[target?.host ?? ''] ?? 0) + 1;
  }
  // RFC 2782 draws from 0 to the total with both ends, which favours the lighter a little: 2 of 5.
  expect((first['light'] ?? 0) / 4_000).toBeGreaterThan(0.36);
  expect((first['light'] ?? 0) / 4_000).toBeLessThan(0.44);
});

it('A resolv.conf is read as the system reads it', () => {
  const text = `# comment
nameserver 192.0.2.1
nameserver fe80::1%eth0
nameserver 2001:db8::1 ; the second
nameserver nonsense
search a.test b.test
domain c.test
search d.test e.test
options timeout:1 ndots:99
`;
  expect(parseResolvConf(text)).toEqual({
    servers: ['192.0.2.1:53', '[2001:db8::1]:53'],
    search: ['d.test', 'e.test'],
    ndots: 15,
  });
  expect(parseResolvConf('')).toEqual({ servers: ['127.0.0.1:53'], search: [], ndots: 1 });
});
