import { createScope } from '@roundhouse/core';
import { ByteReader, createMemoryNetwork, createRuntime, dialTransport, type NetFact } from '@roundhouse/net';
import { createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { framed, readFrame } from '../frames.ts';
import { decodeMessage } from '../message/decode.ts';
import { encodeMessage } from '../message/encode.ts';
import type { DecodedMessage, DnsMessage, ResourceRecord } from '../message/message.ts';
import { createResolver } from '../resolver/resolver.ts';
import { parseZone } from '../zone/text.ts';
import type { Zone } from '../zone/zone.ts';
import type { DnsServerOptions } from './options.ts';
import { serveDns } from './server.ts';

const HOST = '127.0.0.1';
const TIMEOUTS = { connectMs: 1_000, tlsMs: 1_000 };

function zone(serial: number, more = ''): Zone {
  const text = `$TTL 60\n@ SOA ns m ${serial} 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n${more}`;
  return parseZone(text, { origin: 'ex.test' });
}

/** A server on a network within the process, and what asks it. */
async function stage(options: Partial<DnsServerOptions> = {}) {
  const clock = new FakeClock();
  const network = createMemoryNetwork();
  const facts: NetFact[] = [];
  const runtime = createRuntime({ clock, ...network, observer: { observe: (fact) => facts.push(fact) } });
  const scope = createScope({ clock });
  const server = await serveDns({ zones: [zone(1)], ...options }, runtime, scope);
  const connect = async (port = server.port) => {
    const transport = await dialTransport({ host: HOST, port }, { timeouts: TIMEOUTS }, runtime, scope);
    const reader = new ByteReader(transport, { protocol: 'test', onEnded: () => void transport.close() });
    return {
      transport,
      reader,
      send: (message: DnsMessage) => transport.write(framed(encodeMessage(message))),
      read: async () => decodeMessage(await readFrame(reader, scope)),
    };
  };
  /** Sends one datagram, and gives what comes back within some turns of the event loop. */
  const datagram = async (bytes: Uint8Array): Promise<DecodedMessage[]> => {
    const received: DecodedMessage[] = [];
    const handler = { message: (answer: Uint8Array) => void received.push(decodeMessage(answer)) };
    await using port = await network.datagrams.open({}, handler, scope);
    port.send(bytes, { host: HOST, port: server.port });
    await clock.advance(0);
    await clock.advance(0);
    await clock.advance(0);
    return received;
  };
  return { clock, network, facts, runtime, scope, server, connect, datagram };
}

const question = (id: number, type: 'SOA' | 'A' | 'AXFR' = 'SOA'): DnsMessage => ({
  id,
  questions: [{ name: 'ex.test', type }],
});

/** Type and last field of each record. */
const shown = (messages: readonly DecodedMessage[]): string[] =>
  messages
    .flatMap(({ answers }) => answers)
    .map(({ name, data }: ResourceRecord) => (data.type === 'SOA' ? `SOA ${data.serial}` : `${name} ${data.type}`));

describe('A DNS server', () => {
  it('answers over UDP and TCP on one port', async () => {
    const { server, connect, datagram, clock } = await stage();
    expect(await datagram(encodeMessage(question(7)))).toMatchObject([{ id: 7, answers: [{ data: { serial: 1 } }] }]);
    const client = await connect();
    client.send(question(8));
    expect(await client.read()).toMatchObject({ id: 8, isAuthoritative: true });
    expect(server.stats()).toMatchObject({ udpQueries: 1, streamQueries: 1, answers: { NOERROR: 2 }, connections: 1 });
    await server.drain();
    expect(clock.pendingTimers).toBe(0);
  });

  it('answers queries that come together in their order, and tells of each (RFC 7766 §6.2.1.1)', async () => {
    const { server, connect, facts } = await stage();
    const { transport, read } = await connect();
    const ids = [5, 4, 3, 2, 1];
    const bytes = Buffer.concat(ids.map((id) => framed(encodeMessage(question(id)))));
    // The first in single bytes.
    for (const byte of bytes.subarray(0, 30)) transport.write(Buffer.of(byte));
    transport.write(bytes.subarray(30));
    const answered: number[] = [];
    for (const _ of ids) answered.push((await read()).id);
    expect(answered).toEqual(ids);
    await server.drain();
    const queries = facts.filter(({ type }) => type === 'operationEnded');
    expect(queries).toHaveLength(5);
    expect(queries[0]).toMatchObject({ protocol: 'dns', role: 'server', operation: 'query', code: null, sent: 'all' });
  });

  it('ends a connection that is idle, or whose query does not come whole in time', async () => {
    const { clock, server, connect } = await stage({ timeouts: { idleMs: 3_000 } });
    const idle = await connect();
    const slow = await connect();
    slow.transport.write(Buffer.of(0, 40, 1));
    await clock.advance(2_000);
    expect(server.stats().connections).toBe(2);
    slow.transport.write(Buffer.of(2));
    await clock.advance(1_500);
    await clock.advance(5_000);
    expect(server.stats().connections).toBe(0);
    expect(idle.reader.isOver).toBe(true);
    await server.drain();
    expect(clock.pendingTimers).toBe(0);
  });

  it('cuts a connection that sends something else, and no other', async () => {
    const { clock, server, connect } = await stage();
    const other = await connect();
    for (const bytes of [framed(encodeMessage({ id: 1, isResponse: true })), framed(new Uint8Array(3))]) {
      const { transport, reader } = await connect();
      transport.write(bytes);
      await clock.advance(0);
      await clock.advance(0);
      expect(reader.isOver).toBe(true);
    }
    other.send(question(1));
    expect((await other.read()).id).toBe(1);
    expect(server.stats()).toMatchObject({ ignored: 2, connections: 1 });
    await server.drain();
  });

  it('is full at its limits, of all and of one address', async () => {
    const { clock, server, connect } = await stage({ limits: { maxConnections: 2 } });
    const clients = [await connect(), await connect(), await connect()];
    await clock.advance(0);
    expect(clients.map(({ reader }) => reader.isOver)).toEqual([false, false, true]);
    await server.drain();
  });

  it('gives a whole zone to those who may have it (RFC 5936 §2.2)', async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => `host${at} TXT "${'x'.repeat(20)}"\n`).join('');
    const { server, connect } = await stage({ zones: [zone(1, many)], transfer: { allow: [HOST] } });
    const { send, read } = await connect();
    send({ ...question(9, 'AXFR'), edns: { udpBytes: 1_232 } });
    const messages: DecodedMessage[] = [];
    while (shown(messages).filter((each) => each === 'SOA 1').length < 2) messages.push(await read());
    expect(messages.length).toBeGreaterThan(3);
    for (const message of messages) expect(message).toMatchObject({ id: 9, rcode: 0, isAuthoritative: true });
    const records = shown(messages);
    expect(records).toHaveLength(3_004);
    expect([records[0], records.at(-1)]).toEqual(['SOA 1', 'SOA 1']);
    expect(server.stats()).toMatchObject({ transfers: 1, transfersRefused: 0 });
    await server.drain();
  });

  it.each([
    ['nobody', undefined],
    ['others', { allow: ['192.0.2.0/24', '2001:db8::/32'] }],
  ])('refuses it where it is for %s', async (_who, transfer) => {
    const { server, connect } = await stage(transfer === undefined ? {} : { transfer });
    const { send, read } = await connect();
    send(question(1, 'AXFR'));
    expect(await read()).toMatchObject({ rcode: 5, answers: [] });
    // The connection goes on.
    send(question(2));
    expect(await read()).toMatchObject({ rcode: 0 });
    expect(server.stats()).toMatchObject({ transfers: 0, transfersRefused: 1 });
    await server.drain();
  });

  it('gives secondaries only what has changed (RFC 1995 §4)', async () => {
    const { server, connect } = await stage({
      zones: [zone(1, 'a A 192.0.2.2\nb A 192.0.2.3\nc A 192.0.2.4\nd A 192.0.2.5\ne A 192.0.2.6\nf A 192.0.2.7\n')],
      transfer: { allow: ['127.0.0.0/8'] },
    });
    await server.setZone(zone(2, 'b A 192.0.2.3\nc A 192.0.2.4\nd A 192.0.2.5\ne A 192.0.2.6\nf A 192.0.2.7\n'));
    await server.setZone(zone(3, 'b A 192.0.2.33\nc A 192.0.2.4\nd A 192.0.2.5\ne A 192.0.2.6\nf A 192.0.2.7\n'));
    const { send, read } = await connect();
    const since = async (serial: number): Promise<string[]> => {
      const soa = {
        primary: 'ns.ex.test.',
        mailbox: 'm.ex.test.',
        serial,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 5,
      };
      const authorities = [{ name: 'ex.test.', ttl: 0, data: { type: 'SOA' as const, ...soa } }];
      send({ id: 1, questions: [{ name: 'ex.test', type: 'IXFR' }], authorities });
      return shown([await read()]);
    };
    const b = 'b.ex.test. A';
    expect(await since(1)).toEqual(['SOA 3', 'SOA 1', 'a.ex.test. A', 'SOA 2', 'SOA 2', b, 'SOA 3', b, 'SOA 3']);
    expect(await since(2)).toEqual(['SOA 3', 'SOA 2', b, 'SOA 3', b, 'SOA 3']);
    // Up to date, ahead, and too far behind.
    expect(await since(3)).toEqual(['SOA 3']);
    expect(await since(4)).toEqual(['SOA 3']);
    expect(await since(4_000_000_000)).toHaveLength(9);
    await server.drain();
  });

  it('serves another version of a zone at once, takes in new ones and lets go of old ones', async () => {
    const { server, datagram } = await stage();
    const serial = async (): Promise<unknown> => {
      const [answer] = await datagram(encodeMessage(question(1)));
      return answer?.rcode === 0 ? answer.answers[0]?.data : answer?.rcode;
    };
    expect(await serial()).toMatchObject({ serial: 1 });
    const recorded = server.setZone(zone(2));
    expect(server.zones()).toMatchObject([{ serial: 2 }]);
    expect(await serial()).toMatchObject({ serial: 2 });
    await recorded;
    server.removeZone('EX.test');
    expect(await serial()).toBe(5);
    expect(() => server.removeZone('ex.test')).toThrow(expect.objectContaining({ code: 'DNS_ZONE_UNKNOWN' }));
    await server.setZone(zone(9));
    expect(await serial()).toMatchObject({ serial: 9 });
    const dynamic = (name: string) => [{ name, ttl: 1, addresses: () => ['192.0.2.9'] }];
    server.setDynamic(dynamic('pool.ex.test'));
    expect(() => server.setDynamic(dynamic('pool.other'))).toThrow(
      expect.objectContaining({ code: 'DNS_ZONE_UNKNOWN' }),
    );
    await server.drain();
  });

  it('tells secondaries of a change until they answer, and gives up in the end (RFC 1996 §3.6)', async () => {
    const { server, network, scope, clock } = await stage({ notify: [`${HOST}:5301`, `${HOST}:5302`] });
    const told: DecodedMessage[] = [];
    const secondary = await network.datagrams.open(
      { host: HOST, port: 5_301 },
      {
        message(bytes, from) {
          const message = decodeMessage(bytes);
          told.push(message);
          // The first is lost.
          if (told.length > 1) secondary.send(encodeMessage({ id: message.id, isResponse: true, opcode: 4 }), from);
        },
      },
      scope,
    );
    await clock.advance(100);
    expect(told).toMatchObject([{ opcode: 4, isAuthoritative: true, questions: [{ name: 'ex.test.', type: 'SOA' }] }]);
    await clock.advance(1_000);
    await clock.advance(100);
    expect(told).toHaveLength(2);
    await clock.advance(60_000);
    expect(told).toHaveLength(2);
    expect(server.stats()).toMatchObject({ notified: 1, notifyFailed: 1 });
    expect(clock.pendingTimers).toBe(0);
    await server.setZone(zone(2));
    await clock.advance(100);
    expect(told[2]?.answers).toMatchObject([{ data: { type: 'SOA', serial: 2 } }]);
    await server.drain();
    expect(clock.pendingTimers).toBe(0);
  });

  it('holds answers to one network to a rate, and lets some ask again over TCP', async () => {
    const { server, datagram, clock } = await stage({ responseRate: { perSecond: 5, slip: 2 } });
    const seen: string[] = [];
    for (let count = 0; count < 14; count += 1) {
      const [answer] = await datagram(encodeMessage(question(count)));
      seen.push(answer === undefined ? 'drop' : answer.isTruncated ? 'slip' : 'send');
    }
    expect(seen).toEqual([...Array.from({ length: 10 }, () => 'send'), 'drop', 'slip', 'drop', 'slip']);
    // Another answer is another matter, and time heals.
    expect(await datagram(encodeMessage({ id: 1, questions: [{ name: 'ns.ex.test', type: 'A' }] }))).toHaveLength(1);
    await clock.advance(1_000);
    expect(await datagram(encodeMessage(question(1)))).toMatchObject([{ isTruncated: false }]);
    expect(server.stats().limited).toBe(4);
    await server.drain();
  });

  it('serves DNS over TLS and over HTTPS, to clients that check its certificate', async () => {
    const authority = createCertificateAuthority();
    const material = authority.issue();
    const { server, runtime, scope } = await stage({ tls: material, https: material });
    const tls = { ca: authority.cert };
    for (const [transport, port] of [
      ['tls', server.tlsPort],
      ['https', server.httpsPort],
    ] as const) {
      const servers = [{ address: `${HOST}:${port}`, transport, tls }];
      const resolver = createResolver({ servers }, runtime);
      const { records } = await resolver.resolve('ns.ex.test', 'A', scope);
      expect(records).toMatchObject([{ data: { address: '192.0.2.1' } }]);
      await resolver.drain();
      const stranger = createResolver({ servers: [{ address: `${HOST}:${port}`, transport }], rounds: 1 }, runtime);
      await expect(stranger.resolve('ns.ex.test', 'A', scope)).rejects.toMatchObject({ code: 'TLS_UNTRUSTED' });
      await stranger.drain();
    }
    await server.drain();
  });

  it.each<[string, Partial<DnsServerOptions>]>([
    ['maxUdpBytes', { maxUdpBytes: 511 }],
    ['transfer.allow', { transfer: { allow: ['192.0.2.0/33'] } }],
    ['transfer.allow', { transfer: { allow: ['example.com'] } }],
    ['notify', { notify: ['example.com'] }],
    ['response rate', { responseRate: { perSecond: 0 } }],
    ['maxConnections', { limits: { maxConnections: 0 } }],
  ])('refuses a wrong option: %s', async (reason, options) => {
    await expect(stage(options)).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
    await expect(stage(options)).rejects.toThrow(reason);
  });

  it('drains: its ports are free, and it is over', async () => {
    const { server, network, connect, scope, clock } = await stage();
    await connect();
    const report = await server.drain();
    expect(report).toMatchObject({ cut: 0 });
    expect(server.state).toBe('closed');
    await expect(server.closed).resolves.toEqual({ by: 'local' });
    await expect(connect()).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
    await using _port = await network.datagrams.open({ port: server.port }, { message() {} }, scope);
    await server.drain();
    server.abort();
    expect(clock.pendingTimers).toBe(0);
  });
});
