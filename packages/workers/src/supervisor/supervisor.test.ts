import { describe, expect, it } from 'vitest';
import { deaf, Plant, startFailed } from './plant.fixture.ts';

const READY = { readiness: { tcp: { port: 1 } } };

describe('starting and stopping', () => {
  it('starts what is enabled, and nothing else', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' }, { id: 'b', enabled: false }, { id: 'c', schedule: '@hourly' });
    expect(plant.machine.running).toEqual(['a/0']);
    expect([plant.state('a'), plant.state('b')]).toEqual(['ready started', 'stopped never_started']);
  });

  it('says of what has no command that there is none', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', command: undefined as never });
    expect(plant.state('a')).toBe('stopped no_command');
    await expect(plant.supervisor.start({ worker: 'a' }, {}, plant.scope)).rejects.toMatchObject({
      code: 'WORKER_NO_COMMAND',
    });
  });

  it('runs as many instances as there are to be, each with its number', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', replicas: 3 });
    expect(plant.machine.running).toEqual(['a/0', 'a/1', 'a/2']);
    expect(plant.machine.at('a/2').lastLaunch?.environment['ROUNDHOUSE_INSTANCE']).toBe('2');
  });

  it('resolves a start when the worker is ready, and not before', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', enabled: false, probes: READY });
    let isDone = false;
    const started = plant.supervisor.start({ worker: 'a' }, {}, plant.scope).then(() => (isDone = true));
    await plant.settle();
    expect([plant.state('a'), isDone]).toEqual(['running readiness_pending', false]);
    plant.probe('a/0', 'readiness', true);
    await started;
    expect(plant.state('a')).toBe('ready started');
  });

  it('resolves a stop when nothing is left, by the signal', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', stop: { signal: 'INT' } });
    await plant.supervisor.stop({ worker: 'a' }, plant.scope);
    expect([plant.state('a'), plant.machine.at('a').signals]).toEqual(['stopped by_request', ['INT']]);
    expect(plant.machine.clock.pendingTimers).toBe(0);
  });

  it('kills what does not follow the signal within its grace', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', stop: { grace: '5s' } });
    plant.machine.at('a').behaviour = deaf;
    const stopped = plant.supervisor.stop({ worker: 'a' }, plant.scope);
    await plant.machine.clock.advance(4_999);
    expect(plant.state('a')).toBe('stopping by_request');
    await plant.machine.clock.advance(1);
    await stopped;
    expect(plant.machine.at('a').signals).toEqual(['TERM', 'KILL']);
  });

  it('reloads by the signal what handles it, and leaves in peace what it would end', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', reload_signal: 'USR1' }, { id: 'b' });
    plant.machine.at('a').behaviour = deaf;
    await plant.supervisor.reload({ worker: 'a' }, plant.scope);
    await expect(plant.supervisor.reload({ worker: 'b' }, plant.scope)).rejects.toMatchObject({
      code: 'WORKER_RELOAD_REFUSED',
      details: { worker: 'b/0', reason: expect.stringContaining('SIGHUP, which its program does not handle') },
    });
    expect([plant.machine.at('a').signals, plant.machine.at('b').signals]).toEqual([['USR1'], []]);
    expect(plant.state('b')).toBe('ready started');
  });

  it('drains before the signal', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', stop: { drain: '3s' } });
    const stopped = plant.supervisor.stop({ worker: 'a' }, plant.scope);
    await plant.machine.clock.advance(2_999);
    expect(plant.machine.at('a').signals).toEqual([]);
    await plant.machine.clock.advance(1);
    await stopped;
    expect(plant.machine.at('a').signals).toEqual(['TERM']);
  });

  it.each([
    ['stop', 'start', 'ready started', 'start'],
    ['start', 'stop', 'stopped by_request', 'stop'],
  ] as const)('lets the later of two requests win: %s, then %s', async (first, second, state, last) => {
    const plant = new Plant();
    await plant.begin({ id: 'a', enabled: first === 'stop', stop: { grace: '5s' } });
    const ask = (verb: 'start' | 'stop') =>
      verb === 'start'
        ? plant.supervisor.start({ worker: 'a' }, {}, plant.scope)
        : plant.supervisor.stop({ worker: 'a' }, plant.scope);
    const overtaken = expect(ask(first)).rejects.toMatchObject({ code: 'WORKER_SUPERSEDED' });
    const done = ask(second);
    await plant.machine.clock.advance(10_000);
    await overtaken;
    await done;
    expect([last, plant.state('a')]).toEqual([second, state]);
  });

  it('gives up waiting with the scope, and goes on with the work', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', enabled: false, probes: READY });
    using scope = plant.scope.child({ what: 'The start', timeoutMs: 100 });
    const started = expect(plant.supervisor.start({ worker: 'a' }, {}, scope)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    await plant.machine.clock.advance(100);
    await started;
    expect(plant.machine.running).toEqual(['a/0']);
  });

  it('restarts with a new process, and counts it as no restart of its own', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    const before = plant.supervisor.find('a')?.instances[0];
    await plant.supervisor.restart({ worker: 'a' }, plant.scope);
    const after = plant.supervisor.find('a')?.instances[0];
    expect(after?.process?.pid).not.toBe(before?.process?.pid);
    expect([after?.restarts, after?.state, after?.lastExit?.reason]).toEqual([0, 'ready', 'restart_requested']);
  });

  it('restarts instances one after the other', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', replicas: 2, probes: READY });
    for (const name of ['a/0', 'a/1']) plant.probe(name, 'readiness', true);
    const restarted = plant.supervisor.restart({ worker: 'a' }, plant.scope);
    await plant.settle();
    expect([plant.machine.at('a/0').starts, plant.machine.at('a/1').starts]).toEqual([2, 1]);
    plant.probe('a/0', 'readiness', true);
    await plant.settle();
    plant.probe('a/1', 'readiness', true);
    await restarted;
    expect([plant.machine.at('a/0').starts, plant.machine.at('a/1').starts]).toEqual([2, 2]);
  });

  it('says what keeps a command from being', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', enabled: false }, { id: 'b', command: undefined });
    const { supervisor, scope } = plant;
    await expect(async () => supervisor.start({ worker: 'x' }, {}, scope)).rejects.toMatchObject({
      code: 'WORKER_NOT_FOUND',
    });
    await expect(supervisor.signal({ worker: 'a' }, 'HUP')).rejects.toMatchObject({ code: 'WORKER_NOT_RUNNING' });
    await expect(supervisor.start({ worker: 'b' }, {}, scope)).rejects.toMatchObject({ code: 'WORKER_NO_COMMAND' });
    await expect(async () => supervisor.stop({ worker: 'a', instance: 7 }, scope)).rejects.toMatchObject({
      code: 'WORKER_NOT_FOUND',
    });
  });
});

describe('what ends by itself', () => {
  it('starts again at once, then by backoff, and counts', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', restart: { backoff: { initial: '1s', jitter: 0 } } });
    plant.machine.end('a/0', { code: 1 });
    await plant.settle();
    expect([plant.state('a'), plant.supervisor.find('a')?.instances[0]?.restarts]).toEqual(['ready started', 1]);
    plant.machine.end('a/0', { code: 1 });
    await plant.settle();
    expect(plant.state('a')).toBe('restarting backoff');
    await plant.machine.clock.advance(1_000);
    await plant.settle();
    expect([plant.state('a'), plant.supervisor.find('a')?.instances[0]?.restarts]).toEqual(['ready started', 2]);
  });

  it('stays at rest when it has completed, and may be started anew', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', restart: { policy: 'on_failure' } });
    plant.machine.end('a/0', { code: 0 });
    await plant.settle();
    expect(plant.state('a')).toBe('stopped completed');
    await plant.supervisor.start({ worker: 'a' }, {}, plant.scope);
    expect(plant.state('a')).toBe('ready started');
  });

  it('tells why it failed, and tries again when asked', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', restart: { policy: 'never' } });
    plant.machine.end('a/0', { code: 3 });
    await plant.settle();
    expect(plant.state('a')).toMatch(/^failed /);
    expect(plant.supervisor.find('a')?.instances[0]?.lastExit).toMatchObject({ code: 3, reason: 'exited' });
    await plant.supervisor.start({ worker: 'a' }, {}, plant.scope);
    expect(plant.state('a')).toBe('ready started');
  });

  it.each([true, false])('waits with what cannot be started, retryable: %s', async (isRetryable) => {
    const plant = new Plant();
    plant.machine.at('a').fault = startFailed(isRetryable);
    await plant.begin({ id: 'a' });
    expect(plant.state('a')).toBe('restarting start_failed');
    plant.machine.at('a').fault = undefined;
    await plant.machine.clock.advance(3_600_000);
    await plant.settle();
    expect(plant.state('a')).toBe('ready started');
  });

  it('says to whom waits what kept it from starting, once, with the next step of that', async () => {
    const plant = new Plant();
    plant.machine.at('a').fault = startFailed(false);
    plant.machine.at('b').fault = startFailed(true);
    await plant.begin({ id: 'a' }, { id: 'b' });
    await expect(plant.supervisor.start({ worker: 'a' }, {}, plant.scope)).rejects.toMatchObject({
      message: 'Worker a has failed: no',
      hint: startFailed(false).hint,
    });
    await expect(plant.supervisor.start({ worker: 'b' }, {}, plant.scope)).rejects.toMatchObject({
      message: 'Worker b has failed: The run directory / cannot be used: ENOSPC',
      hint: startFailed(true).hint,
    });
  });

  it('shows what kept it from starting, a fault of the system included', async () => {
    const plant = new Plant();
    plant.machine.at('a').fault = new Error("EPERM: operation not permitted, chown '/x'");
    await plant.begin({ id: 'a' });
    expect(plant.state('a')).toBe('restarting start_failed');
    expect(plant.supervisor.find('a')?.instances[0]?.trouble).toContain('EPERM: operation not permitted');
  });

  it('takes down what its liveness probe finds dead', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', probes: { liveness: { tcp: { port: 1 } } } });
    const { starts } = plant.machine.at('a');
    plant.probe('a/0', 'liveness', false);
    await plant.settle();
    expect([plant.machine.at('a').starts - starts, plant.told]).toEqual([
      1,
      expect.arrayContaining(['a/0 exited liveness_failed']),
    ]);
  });

  it('says of which probe it was taken down, until it is well', async () => {
    const plant = new Plant();
    const trouble = (): string | undefined => plant.supervisor.find('a')?.instances[0]?.trouble;
    await plant.begin({ id: 'a', probes: { startup: { tcp: { port: 1 } } }, restart: { policy: 'never' } });
    plant.probe('a/0', 'startup', false, 'refused the connection');
    await plant.settle();
    expect(plant.state('a')).toMatch(/^failed /);
    expect(trouble()).toBe('its startup probe failed: refused the connection');
    const started = plant.supervisor.start({ worker: 'a' }, {}, plant.scope);
    await plant.settle();
    expect(trouble()).toBe('its startup probe failed: refused the connection');
    plant.probe('a/0', 'startup', true);
    await started;
    expect(trouble()).toBeUndefined();
  });

  it('says that the kernel killed it for want of memory', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    const enforcement = plant.enforcements.get('a/0');
    if (enforcement !== undefined) enforcement.isOutOfMemory = true;
    plant.machine.end('a/0', { code: null, signal: 'SIGKILL' });
    await plant.settle();
    expect(plant.told).toContain('a/0 exited out_of_memory');
  });
});

describe('limits', () => {
  const violation = { limit: 'memory.max_rss', severity: 'critical', value: 100, used: 150, step: 0 } as const;

  it.each([
    ['log', 'ready started', 1],
    ['alert', 'ready started', 1],
    ['graceful_shutdown', 'stopped limit_exceeded', 1],
    ['immediate_kill', 'ready started', 2],
    ['restart', 'ready started', 2],
    ['restart_adjusted', 'ready started', 2],
  ] as const)('are met as the policy says: %s', async (policy, state, starts) => {
    const plant = new Plant();
    await plant.begin({ id: 'a', limits: { memory: { max_rss: '100B', policy } } });
    plant.enforcements.get('a/0')?.emit('violated', { ...violation, policy });
    await plant.settle();
    expect([plant.state('a'), plant.machine.at('a').starts]).toEqual([state, starts]);
  });

  it('are raised twice at most, for as long as nobody starts it anew', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', limits: { memory: { max_rss: '100B', policy: 'restart_adjusted' } } });
    for (let times = 0; times < 4; times++) {
      plant.enforcements.get('a/0')?.emit('violated', { ...violation, policy: 'restart_adjusted' });
      await plant.settle();
      await plant.machine.clock.advance(60_000);
    }
    const values = plant.enforcements.get('a/0')?.changes.map((limits) => (limits as never)['memory.max_rss']['value']);
    expect(values).toEqual([150, 225]);
  });

  it('throttle for as long as they are exceeded', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    const enforcement = plant.enforcements.get('a/0');
    enforcement?.emit('violated', { ...violation, policy: 'throttle' });
    expect(enforcement?.isThrottled).toBe(true);
    enforcement?.emit('recovered', { limit: 'memory.max_rss' });
    expect(enforcement?.isThrottled).toBe(false);
  });
});

describe('dependencies', () => {
  it('hold a worker back until they are met, and say so', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'web', depends_on: ['db'] }, { id: 'db', probes: READY });
    expect([plant.state('web'), plant.supervisor.find('web')?.instances[0]?.blockedBy]).toEqual([
      'starting blocked',
      ['db'],
    ]);
    plant.probe('db/0', 'readiness', true);
    await plant.settle();
    expect(plant.machine.started).toEqual(['db/0', 'web/0']);
  });

  it('are passed over by force', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'web', enabled: false, depends_on: ['db'] }, { id: 'db', enabled: false });
    await plant.supervisor.start({ worker: 'web' }, { force: true }, plant.scope);
    expect(plant.machine.running).toEqual(['web/0']);
  });

  it('wait for what has to be completed', async () => {
    const plant = new Plant();
    await plant.begin(
      { id: 'web', depends_on: [{ worker: 'migrate', condition: 'completed' }] },
      { id: 'migrate', restart: { policy: 'on_failure' } },
    );
    expect(plant.machine.running).toEqual(['migrate/0']);
    plant.machine.end('migrate/0', { code: 0 });
    await plant.settle();
    expect(plant.machine.running).toEqual(['web/0']);
  });

  it.each([
    ['none', 'ready started', 1],
    ['stop', 'stopped dependency', 1],
    ['restart', 'ready started', 2],
  ] as const)('cascade %s when one goes down and comes back', async (cascade, state, starts) => {
    const plant = new Plant();
    await plant.begin({ id: 'web', depends_on: [{ worker: 'db', cascade }] }, { id: 'db' });
    plant.machine.end('db/0', { code: 1 });
    await plant.settle();
    expect([plant.state('web'), plant.machine.at('web').starts]).toEqual([state, starts]);
  });

  it('start and stop a thousand workers in a valid order', async () => {
    const plant = new Plant();
    const count = 1_000;
    // Each depends on up to three earlier ones, given in reverse so that the order is not theirs.
    const workers = Array.from({ length: count }, (_, n) => ({
      id: `w${n}`,
      depends_on: [...new Set([n - 1, Math.floor(n / 2), Math.floor(n / 7)])]
        .filter((on) => on >= 0 && on < n)
        .map((on) => `w${on}`),
    }));
    await plant.begin(...workers.toReversed());
    for (let turns = 0; turns < count && plant.machine.running.length < count; turns++) await plant.settle();
    const rank = (names: readonly string[]) => new Map(names.map((name, at) => [name.slice(0, -2), at]));
    const started = rank(plant.machine.started);
    expect(started.size).toBe(count);
    for (const { id, depends_on: on } of workers) {
      for (const other of on) expect(started.get(other)).toBeLessThan(started.get(id) ?? -1);
    }
    await plant.supervisor.stopAll(
      workers.map(({ id }) => id),
      plant.scope,
    );
    const ended = rank(plant.machine.ended);
    expect(ended.size).toBe(count);
    for (const { id, depends_on: on } of workers) {
      for (const other of on) expect(ended.get(id)).toBeLessThan(ended.get(other) ?? -1);
    }
  });
});

describe('changes', () => {
  it('restart what runs only when its program is another one', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    await plant.set({ id: 'a', labels: { tier: 'one' }, restart: { policy: 'never' } });
    await plant.settle();
    expect(plant.machine.at('a').starts).toBe(1);
    await plant.set({ id: 'a', environment: { NAME: 'value' } });
    await plant.settle();
    expect([plant.machine.at('a').starts, plant.machine.at('a').lastLaunch?.environment['NAME']]).toEqual([2, 'value']);
    expect(plant.told).toContain('a/0 exited spec_changed');
  });

  it('restart instances one after the other', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', replicas: 3, probes: READY });
    for (const name of ['a/0', 'a/1', 'a/2']) plant.probe(name, 'readiness', true);
    await plant.set({ id: 'a', replicas: 3, probes: READY, environment: { X: '1' } });
    await plant.settle();
    expect(['a/0', 'a/1', 'a/2'].map((name) => plant.machine.at(name).starts)).toEqual([2, 1, 1]);
    plant.probe('a/0', 'readiness', true);
    await plant.settle();
    expect(['a/0', 'a/1', 'a/2'].map((name) => plant.machine.at(name).starts)).toEqual([2, 2, 1]);
  });

  it('of the number start and end instances', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', replicas: 2 });
    await plant.supervisor.scale('a', 4);
    await plant.settle();
    expect(plant.machine.running).toHaveLength(4);
    await plant.supervisor.scale('a', 1);
    await plant.settle();
    expect([plant.machine.running, plant.supervisor.find('a')?.replicas]).toEqual([['a/0'], 1]);
  });

  it('removed, a worker leaves nothing; under the same name it begins anew', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', stop: { grace: '5s' } });
    plant.machine.at('a').behaviour = deaf;
    await plant.supervisor.remove('a');
    expect(plant.supervisor.list()).toEqual([]);
    const again = plant.set({ id: 'a' });
    await plant.settle();
    expect(plant.machine.at('a').starts).toBe(1);
    await plant.machine.clock.advance(5_000);
    await again;
    await plant.settle();
    expect([plant.machine.running, plant.machine.at('a').starts, plant.machine.at('a').generation]).toEqual([
      ['a/0'],
      1,
      1,
    ]);
  });
});

describe('a schedule', () => {
  it('starts its worker when a time has come, and not while it runs', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', schedule: '*/10 * * * *' });
    expect(plant.supervisor.find('a')?.instances[0]?.nextStartAt).toBe(Date.UTC(2026, 0, 1, 0, 10));
    await plant.machine.clock.advance(600_000);
    await plant.settle();
    expect(plant.machine.running).toEqual(['a/0']);
    await plant.machine.clock.advance(600_000);
    await plant.settle();
    expect(plant.machine.at('a').starts).toBe(1);
    plant.machine.end('a/0', { code: 0 });
    await plant.machine.clock.advance(600_000);
    await plant.settle();
    expect(plant.machine.at('a').starts).toBe(2);
  });
});

describe('the next master', () => {
  it('takes over what runs, with the same process and the same counts', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    plant.machine.end('a/0', { code: 1 });
    await plant.settle();
    const before = plant.supervisor.find('a')?.instances[0];
    const next = plant.succeed();
    await next.begin({ id: 'a' });
    const after = next.supervisor.find('a')?.instances[0];
    expect([after?.process, after?.restarts, after?.state]).toEqual([before?.process, 1, 'ready']);
    expect(next.told).toContain('a/0 adopted');
    expect(next.machine.at('a').starts).toBe(2);
  });

  it('counts the end that nobody saw, and starts again', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    const next = plant.succeed();
    next.machine.end('a/0', { code: 9 });
    await next.begin({ id: 'a' });
    const status = next.supervisor.find('a')?.instances[0];
    expect([status?.lastExit?.code, status?.restarts, status?.state]).toEqual([9, 1, 'ready']);
  });

  it.each([
    ['stopped by request', 'stopped by_request'],
    ['completed', 'stopped completed'],
    ['failed', 'failed'],
    ['backoff', 'restarting backoff'],
  ])('leaves alone what was %s', async (what, state) => {
    const plant = new Plant();
    const policy = what === 'completed' ? 'on_failure' : what === 'failed' ? 'never' : 'always';
    const worker = { id: 'a', restart: { policy, backoff: { initial: '10s', jitter: 0 } } } as const;
    await plant.begin(worker);
    if (what === 'stopped by request') await plant.supervisor.stop({ worker: 'a' }, plant.scope);
    else plant.machine.end('a/0', { code: what === 'completed' ? 0 : 1 });
    await plant.settle();
    if (what === 'backoff') plant.machine.end('a/0', { code: 1 });
    await plant.settle();
    const next = plant.succeed();
    await next.begin(worker);
    expect(next.state('a')).toContain(state);
    await next.machine.clock.advance(10_000);
    await next.settle();
    expect(next.machine.running).toEqual(what === 'backoff' ? ['a/0'] : []);
  });

  it('goes on with a stop that was under way', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' });
    plant.machine.at('a').behaviour = deaf;
    plant.supervisor.stop({ worker: 'a' }, plant.scope).catch(() => {});
    await plant.settle();
    const next = plant.succeed();
    await next.begin({ id: 'a' });
    expect(next.state('a')).toBe('stopping by_request');
    await next.machine.clock.advance(30_000);
    await next.settle();
    expect([next.state('a'), next.machine.running]).toEqual(['stopped by_request', []]);
  });

  it('restarts what was changed while nobody looked, and ends what is not wanted any more', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' }, { id: 'b' });
    const next = plant.succeed();
    await next.begin({ id: 'a', environment: { X: '1' } });
    expect([next.machine.running, next.machine.at('a').starts]).toEqual([['a/0'], 2]);
  });

  it('closes though what does not run cannot be put away', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a', schedule: '@hourly' }, { id: 'b' });
    plant.machine.shutdownFault = new Error('EMFILE');
    await plant.supervisor.close('stop', plant.scope);
    expect(plant.machine.running).toEqual([]);
    expect(plant.isOver).toBe(true);
  });

  it('starts what its predecessor took along when it was shut down', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'web', depends_on: ['db'] }, { id: 'db' }, { id: 'off', enabled: false });
    await plant.supervisor.close('stop', plant.scope);
    expect(plant.machine.ended).toEqual(['web/0', 'db/0']);
    const next = new Plant(plant.machine);
    await next.begin({ id: 'web', depends_on: ['db'] }, { id: 'db' }, { id: 'off', enabled: false });
    expect(next.machine.running.toSorted()).toEqual(['db/0', 'web/0']);
  });

  it('after a boot starts one that was stopped by request only where the policy says always', async () => {
    const plant = new Plant();
    const workers = [{ id: 'a' }, { id: 'b', restart: { policy: 'unless_stopped' } }] as const;
    await plant.begin(...workers);
    for (const worker of ['a', 'b']) await plant.supervisor.stop({ worker }, plant.scope);
    const next = plant.succeed();
    next.machine.bootId = 'boot-2';
    const booted = new Plant(next.machine);
    await booted.begin(...workers);
    expect(booted.machine.running).toEqual(['a/0']);
  });

  it('closed, leaves everything running and no timer behind', async () => {
    const plant = new Plant();
    await plant.begin({ id: 'a' }, { id: 'b', replicas: 2 });
    await plant.supervisor.close('leave', plant.scope);
    await plant.supervisor.close('stop', plant.scope);
    expect([plant.machine.running.length, plant.machine.clock.pendingTimers]).toEqual([3, 0]);
  });
});
