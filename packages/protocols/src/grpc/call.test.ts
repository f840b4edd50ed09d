import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, describe, expect, it } from 'vitest';
import { echoDescriptorSet } from './echo.fixture.ts';
import { binaryMetadata, connectGrpc, loadServices, serveGrpc } from './index.ts';
import { endAll, failure, texts, turns, world } from './world.fixture.ts';

afterEach(endAll);

describe('a call', () => {
  it('of each kind is answered', async () => {
    const { echo, scope } = await world();
    expect((await echo.say({ text: 'hello' }, scope)).text).toBe('hello');
    const repeated = await Array.fromAsync(echo.repeat({ text: 'a', times: 3 }, scope), ({ text }) => text);
    expect(repeated).toEqual(['a 0', 'a 1', 'a 2']);
    expect((await echo.join(texts('a', 'b', 'c'), scope)).text).toBe('a b c');
    const chatted = await Array.fromAsync(echo.chat(texts('x', 'y'), scope), ({ text }) => text);
    expect(chatted).toEqual(['x', 'y']);
  });

  it('streams both ways at once: each reply may come before the next request', async () => {
    const { echo, scope } = await world();
    let answered = Promise.withResolvers<void>();
    const replies: string[] = [];
    const requests = (async function* () {
      for (const text of ['1', '2', '3']) {
        answered = Promise.withResolvers<void>();
        yield { text };
        await answered.promise;
      }
    })();
    for await (const { text } of echo.chat(requests, scope)) {
      replies.push(text);
      answered.resolve();
    }
    expect(replies).toEqual(['1', '2', '3']);
  });

  it('carries metadata both ways, text and bytes', async () => {
    const { echo, scope } = await world({ client: { metadata: { 'x-said': 'all' } } });
    const told: Record<string, string>[] = [];
    const options = {
      onHeaders: (each: object) => void told.push({ ...each }),
      onTrailers: (each: object) => void told.push({ ...each }),
    };
    await echo.say({ text: '' }, scope, options);
    expect(told[0]).toMatchObject({ 'x-heard': 'all' });
    expect(binaryMetadata(told[1] as Record<string, string>, 'x-heard-bin')).toEqual([
      Uint8Array.from(Buffer.from('all')),
    ]);
  });

  it('works on descriptors that were read at run time', async () => {
    const { session, scope } = await world();
    const services = await loadServices(echoDescriptorSet());
    expect(services.names).toEqual(['roundhouse.test.Echo']);
    const reply = await session.unary(services.method('roundhouse.test.Echo/Say'), { text: 'x' }, scope);
    expect(reply['text']).toBe('x');
    const join = services.method('roundhouse.test.Echo/Join');
    expect(await Array.fromAsync(session.stream(join, texts('a', 'b'), scope))).toMatchObject([{ text: 'a b' }]);
    expect(() => services.method('roundhouse.test.Echo/Sya')).toThrow(
      expect.objectContaining({ code: 'GRPC_METHOD_UNKNOWN', hint: 'Did you mean roundhouse.test.Echo/Say?' }),
    );
    await expect(loadServices(Buffer.from('no descriptors'))).rejects.toMatchObject({
      code: 'GRPC_DESCRIPTORS_INVALID',
    });
  });

  it('is compressed when both sides are told to', async () => {
    const { echo, scope } = await world({ client: { compression: 'gzip' }, server: { compression: 'gzip' } });
    const text = 'again and '.repeat(1_000);
    expect((await echo.say({ text }, scope)).text).toBe(text);
  });

  it('does not begin in a scope that has ended', async () => {
    const { echo, scope, facts } = await world();
    const own = scope.child();
    own.end();
    expect(await failure(echo.say({ text: 'x' }, own))).toMatchObject({ code: 'CANCELLED' });
    expect(facts.filter(({ type }) => type === 'operationStarted')).toEqual([]);
  });
});

describe('the time of a call', () => {
  it('ends it on both sides, by the clock of each', async () => {
    const { clock, echo, scope, session, waiting, facts } = await world();
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope, { timeoutMs: 2_000 }));
    await turns(() => waiting.length === 1);
    expect((waiting[0] as Scope).deadline).toBeLessThanOrEqual(2_000);
    await clock.advance(2_000);
    expect(await pending).toMatchObject({ code: 'TIMEOUT', protocol: 'grpc', sent: 'maybe', retryable: true });
    await turns(() => facts.filter(({ type }) => type === 'operationEnded').length === 2);
    session.abort();
  });

  it('is 30 seconds when nobody says', async () => {
    const { clock, echo, scope, waiting } = await world();
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope));
    await turns(() => waiting.length === 1);
    await clock.advance(29_999);
    await clock.advance(1);
    expect(await pending).toMatchObject({ code: 'TIMEOUT' });
  });

  it('is bounded by the server, which says so', async () => {
    const { clock, echo, scope, waiting } = await world({ server: { timeouts: { requestMs: 1_000 } } });
    const pending = failure(echo.say({ text: 'x', times: -1 }, scope));
    await turns(() => waiting.length === 1);
    await clock.advance(1_000);
    const error = await pending;
    expect(error).toMatchObject({ code: 'TIMEOUT', sent: 'all', remote: { status: 'DEADLINE_EXCEEDED' } });
  });

  it('between two messages is bounded too', async () => {
    const { clock, echo, scope, waiting } = await world();
    const replies = echo.repeat({ text: 'x', times: -1 }, scope, { timeoutMs: Infinity, idleMs: 5_000 });
    const iterator = replies[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ text: 'x 0' });
    const pending = failure(iterator.next());
    await turns(() => waiting.length === 1);
    await clock.advance(5_000);
    expect(await pending).toMatchObject({ code: 'TIMEOUT', phase: 'read' });
    await turns(() => (waiting[0] as Scope).signal.aborted);
  });
});

describe('a call that is given up', () => {
  it('ends at once, and its handler learns of it', async () => {
    const { echo, scope, waiting } = await world();
    const own = scope.child();
    const pending = failure(echo.say({ text: 'x', times: -1 }, own));
    await turns(() => waiting.length === 1);
    own.end();
    expect(await pending).toMatchObject({ code: 'CANCELLED' });
    await turns(() => (waiting[0] as Scope).signal.aborted);
  });

  it('by leaving its replies ends the same way', async () => {
    const { echo, facts, scope, session, waiting } = await world();
    for await (const { text } of echo.repeat({ text: 'x', times: -2 }, scope)) {
      expect(text).toBe('x 0');
      break;
    }
    await turns(() => session.inFlight === 0 && waiting.every(({ signal }) => signal.aborted));
    await turns(() => facts.filter(({ type, role }) => type === 'operationEnded' && role === 'server').length === 1);
    expect((await echo.say({ text: 'still' }, scope)).text).toBe('still');
  });

  it('by a server that does not want more requests does not wait for them', async () => {
    const { echo, scope } = await world();
    let isLeft = false;
    const requests = (async function* () {
      try {
        yield { text: 'no', status: 9 };
        await new Promise(() => {});
      } finally {
        isLeft = true;
      }
    })();
    const error = await failure(echo.join(requests, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'FAILED_PRECONDITION', text: 'no' } });
    expect(isLeft).toBe(false);
    expect((await echo.say({ text: 'still' }, scope)).text).toBe('still');
  });
});

describe('a limit', () => {
  const large = { text: 'x'.repeat(2_000) };

  it.each(['none', 'gzip'] as const)(
    'of what a server takes is RESOURCE_EXHAUSTED (compression %s)',
    async (compression) => {
      const limits = { maxReceiveBytes: 1_000 };
      const { echo, scope } = await world({ client: { compression }, server: { limits, compression } });
      const error = await failure(echo.say(large, scope));
      expect(error).toMatchObject({ code: 'PEER_REFUSED', retryable: false, remote: { status: 'RESOURCE_EXHAUSTED' } });
      expect((await echo.say({ text: 'small' }, scope)).text).toBe('small');
    },
  );

  it.each(['none', 'gzip'] as const)(
    'of what a client takes is MESSAGE_TOO_LARGE (compression %s)',
    async (compression) => {
      const limits = { maxReceiveBytes: 1_000 };
      const { echo, scope } = await world({ client: { limits, compression }, server: { compression } });
      expect(await failure(echo.say({ text: 'x', times: 2_000 }, scope))).toMatchObject({
        code: 'MESSAGE_TOO_LARGE',
        protocol: 'grpc',
      });
      expect((await echo.say({ text: 'small' }, scope)).text).toBe('small');
    },
  );

  it('of what a client sends is known before anything is sent', async () => {
    const { echo, facts, scope } = await world({ client: { limits: { maxSendBytes: 1_000 } } });
    expect(await failure(echo.say(large, scope))).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE' });
    expect(
      await failure(
        echo.join(
          (async function* () {
            yield large;
          })(),
          scope,
        ),
      ),
    ).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE' });
    const ended = facts.find(({ type, role }) => type === 'operationEnded' && role === 'client');
    expect(ended).toMatchObject({ code: 'GRPC_MESSAGE_TOO_LARGE', sent: 'none' });
  });

  it('of what a server sends is RESOURCE_EXHAUSTED', async () => {
    const { echo, scope } = await world({ server: { limits: { maxSendBytes: 1_000 } } });
    const error = await failure(echo.say({ text: 'x', times: 2_000 }, scope));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', remote: { status: 'RESOURCE_EXHAUSTED' } });
  });

  it('of calls at a time turns more away', async () => {
    const { echo, scope, waiting } = await world({ client: { limits: { maxCalls: 1 } } });
    const own = scope.child();
    const pending = failure(echo.say({ text: 'x', times: -1 }, own));
    await turns(() => waiting.length === 1);
    expect(await failure(echo.say({ text: 'y' }, scope))).toMatchObject({ code: 'POOL_EXHAUSTED', sent: 'none' });
    own.end();
    await pending;
  });

  it('of metadata holds before it is sent', async () => {
    const { echo, scope } = await world();
    const metadata = { 'x-large': 'x'.repeat(20_000) };
    expect(await failure(echo.say({ text: '' }, scope, { metadata }))).toMatchObject({ code: 'GRPC_METADATA_INVALID' });
    expect(await failure(echo.say({ text: '' }, scope, { metadata: { 'grpc-status': '0' } }))).toMatchObject({
      code: 'GRPC_METADATA_INVALID',
    });
  });

  it.each([
    ['maxReceiveBytes', 0],
    ['maxSendBytes', 1.5],
    ['maxMetadataBytes', -1],
    ['maxCalls', 2 ** 31],
  ])('that is none is refused: %s = %d', async (name, value) => {
    const scope = createScope();
    const options = { host: 'localhost', port: 1, limits: { [name]: value } };
    expect(await failure(connectGrpc(options, scope))).toMatchObject({ code: 'NET_OPTION_INVALID' });
    expect(await failure(serveGrpc({ limits: { [name]: value } }, []))).toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});
