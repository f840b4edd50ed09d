import assert from 'node:assert/strict';
import { createScope, type Scope } from '@roundhouse/core';
import {
  type Address,
  type DatagramPort,
  type Drainable,
  NetError,
  type NetRuntime,
  type NetServer,
  type ServerOptions,
  type Timeouts,
} from '@roundhouse/net';
import type { ComplianceCase } from '../transportCompliance.ts';
import type { Peer } from './client.ts';
import { type Failure, Stand, TIMEOUTS } from './stand.ts';
import { garbage } from './wire.ts';

/** A client over datagrams, and one request that it may make. */
export interface DatagramClient {
  readonly session: Drainable;
  readonly request: (scope: Scope) => Promise<unknown>;
}

/** A module that asks over datagrams, as the contract sees it. */
export interface DatagramClientSubject {
  readonly protocol: string;
  /** Nothing is sent yet. */
  readonly create: (peer: Address, timeouts: Timeouts, runtime: NetRuntime) => DatagramClient;
  /** A server that does all right. */
  readonly startPeer: (runtime: NetRuntime) => Promise<Peer>;
}

/** What every client must do that asks over datagrams. For a test runner: one test a case. */
export function datagramClientContract(subject: DatagramClientSubject): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  const define = (title: string, run: (trial: ClientTrial) => Promise<void>): void => {
    cases.push({
      title,
      run: async () => {
        const stand = new Stand();
        const peer = await subject.startPeer(stand.peerRuntime);
        const address = { host: '127.0.0.1', port: peer.port };
        const client = subject.create(address, TIMEOUTS, stand.runtime);
        try {
          await run({ stand, ...client });
        } finally {
          client.session.abort();
          await peer.close();
        }
        await stand.checkNothingIsLeft();
      },
    });
  };

  define('asks, is answered, is drained, and tells of it', async ({ stand, session, request }) => {
    await stand.succeed(request(newScope(stand)));
    assert.equal(stand.datagrams.openPorts, 0, 'its port outlives the answer');
    const report = await stand.succeed(session.drain());
    assert.equal(report.cut, 0);
    assert.deepEqual(await session.closed, { by: 'local' });
    const told = new Set(stand.facts.map(({ type }) => type));
    for (const type of ['connectionOpened', 'operationStarted', 'operationEnded', 'connectionClosed'] as const) {
      assert.ok(told.has(type), `${type} was not told`);
    }
    for (const fact of stand.facts) {
      assert.equal(fact.protocol, subject.protocol);
      assert.equal(fact.role, 'client');
      if ('code' in fact) assert.equal(fact.code, null, `${fact.type} has the code ${fact.code}`);
    }
    assert.ok(stand.spans.some(({ name }) => name.startsWith(`net.${subject.protocol}.`)));
  });

  define('asks from another port each time', async ({ stand, request }) => {
    await stand.succeed(request(newScope(stand)));
    await stand.succeed(request(newScope(stand)));
    assert.equal(stand.datagrams.opened, stand.datagrams.sent, 'two questions left from one port');
  });

  define('asks again when its question, or the answer, is lost', async ({ stand, request }) => {
    stand.datagrams.fate = 'firstLost';
    await stand.succeed(request(newScope(stand)));
    assert.ok(stand.datagrams.sent >= 2);
  });

  define('fails with TIMEOUT, in time, when nothing comes', async ({ stand, request }) => {
    stand.datagrams.fate = 'lost';
    const failure = await stand.fail(request(newScope(stand)));
    assertLate(failure);
  });

  define('waits on when what comes is no answer, and no longer than it may', async ({ stand, request }) => {
    stand.datagrams.fate = 'garbage';
    const failure = await stand.fail(request(newScope(stand)));
    assertLate(failure);
  });

  define('believes nobody but whom it has asked', async ({ stand, request }) => {
    stand.datagrams.fate = 'stranger';
    const failure = await stand.fail(request(newScope(stand)));
    assertLate(failure);
  });

  define('survives a flood of what is no answer', async ({ stand, request }) => {
    stand.datagrams.fate = 'flood';
    const outcome = await stand.drive(request(newScope(stand)));
    assert.ok(outcome.elapsedMs <= TIMEOUTS.requestMs);
    if ('error' in outcome) assert.ok(outcome.error instanceof NetError);
  });

  define('fails with a code when its port does', async ({ stand, request }) => {
    stand.datagrams.fate = 'broken';
    const { error, elapsedMs } = await stand.fail(request(newScope(stand)));
    assert.ok(error instanceof NetError && error.peer !== null, `it failed with ${error.code}`);
    assert.ok(elapsedMs <= TIMEOUTS.requestMs);
  });

  define('lets go at once when it is given up', async ({ stand, request }) => {
    stand.datagrams.fate = 'lost';
    const scope = newScope(stand);
    const pending = request(scope);
    pending.catch(() => {});
    await stand.quiet();
    assert.equal(stand.datagrams.openPorts, 1, 'it does not wait for an answer');
    scope.end();
    const { error, elapsedMs } = await stand.fail(pending);
    assert.equal(error.code, 'CANCELLED');
    assert.equal(elapsedMs, 0);
    assert.equal(stand.datagrams.openPorts, 0);
    assert.equal(stand.clock.pendingTimers, 0);
  });

  define('does not begin when its scope is over', async ({ stand, request }) => {
    const scope = newScope(stand);
    scope.end();
    const { error } = await stand.fail(request(scope));
    assert.equal(error.code, 'CANCELLED');
    assert.equal(stand.datagrams.opened, 0, 'it opened a port');
  });

  define('cuts what is under way when it is aborted, and refuses work', async ({ stand, session, request }) => {
    stand.datagrams.fate = 'lost';
    const pending = request(newScope(stand));
    pending.catch(() => {});
    await stand.quiet();
    session.abort();
    session.abort();
    const { error, elapsedMs } = await stand.fail(pending);
    assert.equal(error.code, 'CANCELLED');
    assert.equal(elapsedMs, 0);
    const refused = await stand.fail(request(newScope(stand)));
    assert.equal(refused.error.code, 'CONNECTION_CLOSED');
  });

  define('cuts what is not over when the time of its drain is', async ({ stand, session, request }) => {
    stand.datagrams.fate = 'lost';
    const pending = request(newScope(stand));
    pending.catch(() => {});
    await stand.quiet();
    const draining = session.drain({ timeoutMs: 500 });
    assert.equal((await stand.fail(request(newScope(stand)))).error.code, 'DRAINING');
    const report = await stand.succeed(draining);
    assert.deepEqual([report.cut, report.elapsedMs], [1, 500]);
    await stand.fail(pending);
  });

  return cases;
}

/** A module that answers datagrams, as the contract sees it. */
export interface DatagramServerSubject {
  readonly protocol: string;
  readonly serve: (options: ServerOptions, runtime: NetRuntime, scope: Scope) => Promise<NetServer>;
  /** A question, and what its answer has, as latin1. */
  readonly question: Uint8Array;
  readonly expect: RegExp;
  /** Well-formed datagrams that may not be answered: answers themselves, which would go to and fro for ever. */
  readonly unanswered: readonly Uint8Array[];
}

/** What every server must do that answers datagrams. For a test runner: one test a case. */
export function datagramServerContract(subject: DatagramServerSubject): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  const define = (title: string, run: (trial: ServerTrial) => Promise<void>): void => {
    cases.push({
      title,
      run: async () => {
        await using trial = await ServerTrial.start(subject);
        await run(trial);
        await trial.stop();
        await trial.stand.checkNothingIsLeft();
      },
    });
  };

  define('answers who asks, from the port that was asked', async (trial) => {
    await trial.converse();
    assert.deepEqual(trial.senders, [trial.server.port]);
  });

  define('says nothing to what is no question', async (trial) => {
    for (const stray of [garbage(0), garbage(1), garbage(4), ...subject.unanswered]) await trial.send(stray);
    assert.deepEqual(trial.answers, [], 'it answered');
    await trial.converse();
  });

  define('says no more to what it cannot read than it was told', async (trial) => {
    for (const length of [16, 64, 512, 1_400, 60_000]) {
      await trial.send(garbage(length));
      for (const answer of trial.answers.splice(0)) assert.ok(answer.length <= length, `${length}: ${answer.length}`);
    }
    await trial.converse();
  });

  define('survives every question with one byte changed, and every beginning of one', async (trial) => {
    const { question } = subject;
    for (let at = 0; at < question.byteLength; at += 1) {
      for (const value of [0x00, 0x40, 0xc0, 0xff]) {
        const changed = Uint8Array.from(question);
        changed[at] = value;
        await trial.send(changed);
      }
      await trial.send(question.subarray(0, at));
    }
    trial.answers.length = 0;
    await trial.converse();
  });

  define('is drained: the port is free, and nobody is answered any more', async (trial) => {
    await trial.stand.succeed(trial.server.drain());
    assert.equal(trial.stand.datagrams.openPorts, 1, 'only the port of the test is to be open');
    await trial.send(subject.question);
    assert.deepEqual(trial.answers, []);
    assert.equal(trial.server.state, 'closed');
  });

  define('is aborted at once, and once', async (trial) => {
    trial.server.abort();
    trial.server.abort();
    await trial.stand.quiet();
    assert.equal(trial.stand.datagrams.openPorts, 1);
    assert.equal(trial.server.state, 'closed');
  });

  define('ends with its scope', async (trial) => {
    trial.scope.end();
    await trial.stand.quiet();
    assert.equal(trial.stand.datagrams.openPorts, 1);
    assert.equal(trial.server.state, 'closed');
  });

  return cases;
}

interface ClientTrial extends DatagramClient {
  readonly stand: Stand;
}

/** A server, and a port that asks it. */
class ServerTrial implements AsyncDisposable {
  readonly stand: Stand;
  readonly scope: Scope;
  readonly server: NetServer;
  readonly answers: string[] = [];
  /** Ports that answers came from. */
  readonly senders: number[] = [];
  readonly #subject: DatagramServerSubject;
  #port: DatagramPort | undefined;

  constructor(subject: DatagramServerSubject, stand: Stand, scope: Scope, server: NetServer) {
    this.#subject = subject;
    this.stand = stand;
    this.scope = scope;
    this.server = server;
  }

  static async start(subject: DatagramServerSubject): Promise<ServerTrial> {
    const stand = new Stand();
    const scope = newScope(stand);
    const server = await subject.serve({ timeouts: TIMEOUTS }, stand.runtime, scope);
    const trial = new ServerTrial(subject, stand, scope, server);
    const message = (bytes: Uint8Array, from: Address): void => {
      trial.answers.push(Buffer.from(bytes).toString('latin1'));
      trial.senders.push(from.port);
    };
    trial.#port = await stand.runtime.datagrams.open({ host: '127.0.0.1' }, { message }, newScope(stand));
    return trial;
  }

  async send(bytes: Uint8Array): Promise<void> {
    this.#port?.send(bytes, { host: '127.0.0.1', port: this.server.port });
    // It is delivered, answered, and the answer delivered, in a turn each.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async converse(): Promise<void> {
    await this.send(this.#subject.question);
    await this.stand.quiet(() => this.answers.length > 0);
    assert.equal(this.answers.length, 1, 'a question has one answer');
    assert.match(this.answers[0] ?? '', this.#subject.expect);
    this.answers.length = 0;
  }

  async stop(): Promise<void> {
    this.server.abort();
    this.scope.end();
    await this.#port?.close();
    await this.stand.clock.advance(60_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function newScope({ clock }: Stand): Scope {
  return createScope({ clock });
}

function assertLate({ error, elapsedMs }: Failure): void {
  assert.equal(error.code, 'TIMEOUT');
  assert.ok(error instanceof NetError && error.peer !== null);
  assert.ok(elapsedMs <= TIMEOUTS.requestMs, `it took ${elapsedMs} ms`);
}
