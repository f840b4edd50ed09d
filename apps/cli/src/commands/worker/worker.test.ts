import type { WorkerLogLine } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asked, FakeApi, instanceOf, Problem, RESPONDED, sampleOf, workerOf } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const AT = '1970-01-01T00:00:00.000Z';

const memory = {
  limit: 'memory.max_rss',
  value: 104_857_600,
  unit: 'bytes',
  enforcement: 'kernel',
  by: 'cgroup v1 memory',
  policy: 'alert',
  used: 52_428_800,
  state: 'warning',
} as const;

function lineOf(over: Partial<WorkerLogLine> = {}): WorkerLogLine {
  return { at: AT, worker: 'web', instance: 0, stream: 'stdout', text: 'hello', cut: false, json: null, ...over };
}

function lines(...all: readonly WorkerLogLine[]): string {
  return all.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function asked(route: string): readonly Asked[] {
  return api.asked.filter((each) => each.route === route);
}

describe('worker list', () => {
  it('shows workers with the sums of their instances', async () => {
    const crashed = instanceOf({
      instance: 1,
      state: 'failed',
      reason: 'crash_loop',
      pid: null,
      usage: null,
      restarts: 5,
    });
    api.replies.listWorkers = {
      items: [
        workerOf({ state: 'failed', reason: 'crash_loop', group: 'front' }, [
          instanceOf({ started_at: AT, limits: [memory] }),
          crashed,
        ]),
        workerOf({ id: 'job', state: 'stopped', reason: 'stopped', replicas: 0 }, []),
      ],
      next_cursor: null,
    };
    expect((await api.cli(['worker', 'list'])).stdout.split('\n')).toEqual([
      'NAME  UP   STATE    PID  CPU%  MEM    RESTARTS  UP  LIMITS   REASON',
      'web   1/2  failed   -    12.3  50.0M  5         0s  warning  crash_loop',
      'job   0/0  stopped  -    -     -      0         -   -        stopped',
      '',
    ]);
    expect((await api.cli(['worker', 'list', '--instances'])).stdout).toMatch(
      /^web\/0 +ready .*\nweb\/1 +failed +- +- +- +5 .*\njob +stopped /m,
    );
    expect((await api.cli(['worker', 'list', '--group', 'front'])).stdout).not.toContain('job');
    const { items } = JSON.parse((await api.cli(['worker', 'list', '--json'])).stdout) as { items: unknown[] };
    expect(items).toHaveLength(2);
  });

  it('says how to begin when there are none', async () => {
    api.replies.listWorkers = { items: [], next_cursor: null };
    expect((await api.cli(['worker', 'list'])).stdout).toContain('roundhouse worker import');
    expect((await api.cli(['worker', 'list', '--group', 'x'])).stdout).toContain('roundhouse worker group list');
  });
});

describe('worker describe', () => {
  it('shows instances, probes, limits, and who depends on it', async () => {
    const probe = {
      status: 'failure' as const,
      checked_at: AT,
      elapsed_ms: 3,
      failures: 2,
      code: 'PROBE_HTTP_STATUS',
      message: 'it answered 503',
      steps: [{ name: 'http', ok: false, elapsed_ms: 3, code: 'PROBE_HTTP_STATUS' }],
    };
    const exit = { code: null, signal: 'SIGKILL', reason: 'out_of_memory', at: AT };
    const instance = instanceOf({
      state: 'running',
      last_exit: exit,
      limits: [memory],
      metrics: [{ name: 'jobs_total', kind: 'counter', help: 'Jobs done', value: 7, labels: { queue: 'a' } }],
      health: { startup: null, readiness: probe, liveness: null },
    });
    api.replies.getWorker = workerOf({ command: ['sh', '-c', "echo 'a b'"] }, [instance]);
    api.replies.listWorkers = {
      items: [workerOf({ id: 'front', spec: { id: 'front', depends_on: [{ worker: 'web' }] } }), workerOf({ id: 'b' })],
      next_cursor: null,
    };
    for (const argv of [
      ['worker', 'describe', 'web'],
      ['describe', 'worker', 'web'],
    ]) {
      const { stdout } = await api.cli(argv);
      expect(stdout).toMatch(/^command +sh -c 'echo '\\''a b'\\'''$/m);
      expect(stdout).toMatch(/^web +running +4711 .* SIGKILL \(out_of_memory\), 0s ago$/m);
      expect(stdout).toMatch(/^web +readiness +failure +2 +0s ago +http +PROBE_HTTP_STATUS +it answered 503$/m);
      expect(stdout).toMatch(/^web +memory\.max_rss +100M +50\.0M +warning +kernel +cgroup v1 memory +alert$/m);
      expect(stdout).toMatch(/^web +jobs_total +7 +queue=a +Jobs done$/m);
      expect(stdout).toMatch(/^worker +front$/m);
      expect(stdout).not.toMatch(/^worker +b$/m);
    }
  });
});

const PASSING = {
  status: 'success' as const,
  checked_at: AT,
  elapsed_ms: 3,
  failures: 0,
  code: null,
  message: null,
  steps: [],
};

describe('worker describe', () => {
  it('says that there is nothing to start, and what stands behind a limit in the unit of that', async () => {
    const by = 'cgroup v1 memory; cgroup v1 memory at 125000000 behind it';
    api.replies.getWorker = workerOf({ command: null }, [
      instanceOf({ limits: [{ ...memory, value: 100_000_000, enforcement: 'watched', by }] }),
    ]);
    api.replies.listWorkers = { items: [], next_cursor: null };
    const { stdout } = await api.cli(['worker', 'describe', 'web']);
    expect(stdout).toMatch(/^command +none: there is nothing to start$/m);
    expect(stdout).toContain('cgroup v1 memory at 125MB behind it');
  });
});

describe('worker start, stop, restart and reload', () => {
  it.each(['start', 'stop', 'restart', 'reload'] as const)('%s asks for it and says how it ended', async (verb) => {
    api.replies[`${verb}Worker`] = workerOf();
    api.replies.getWorker = workerOf();
    const { code, stdout } = await api.cli(['worker', verb, 'web', '--instance', '0', '--timeout', '90s']);
    expect([code, stdout]).toEqual([
      EXIT.Ok,
      expect.stringMatching(/^(started|stopped|restarted|reloaded) web: ready/),
    ]);
    await api.cli(['worker', verb, 'web', '--no-wait', '--json']);
    expect(asked(`${verb}Worker`).map(({ body }) => body)).toEqual([
      { instance: 0, timeout: '90000ms' },
      { wait: false },
    ]);
  });

  it('pass on that nothing is to hold a start', async () => {
    api.replies.startWorker = workerOf();
    await api.cli(['worker', 'start', 'web', '--force', '--no-wait', '--json']);
    expect(asked('startWorker')[0]?.body).toEqual({ force: true, wait: false });
    expect((await api.cli(['worker', 'stop', 'web', '--force'])).code).toBe(EXIT.Usage);
  });

  it('tell each state on the way', async () => {
    const waiting = instanceOf({ state: 'starting', reason: 'blocked', pid: null, blocked_by: ['db'] });
    const answers = [workerOf({}, [waiting]), workerOf({}, [waiting]), workerOf({ state: 'running' })];
    let release: (() => void) | undefined;
    let look = 0;
    api.replies.getWorker = () => {
      if (look === 2) release?.();
      return answers[Math.min(look++, 2)];
    };
    api.replies.startWorker = (_asked, response) => {
      release = () => response.writeHead(200).end(JSON.stringify(workerOf()));
      return RESPONDED;
    };
    const { stderr, stdout } = await api.cli(['worker', 'start', 'web']);
    expect(stderr).toMatch(/^web: starting \(blocked\), waits for db\n(web: running \(started\)\n)?$/);
    // As it is a moment after the answer.
    expect(stdout).toBe('started web: running (started)\n');
  });

  it('say what is known of one that has failed: its exit and its last lines', async () => {
    const last = { code: 1, signal: null, reason: 'exited', at: AT };
    api.replies.startWorker = () => new Problem(409, 'WORKER_FAILED');
    api.replies.getWorker = workerOf({}, [instanceOf({ state: 'failed', reason: 'crash_loop', last_exit: last })]);
    api.replies.getWorkersLogs = lines(lineOf({ stream: 'stderr', text: 'EADDRINUSE \u001b[2J' }));
    const { code, stderr } = await api.cli(['worker', 'start', 'web', '--no-wait']);
    expect([code, stderr.split('\n')]).toEqual([
      EXIT.Failure,
      [
        'roundhouse: It is WORKER_FAILED',
        '  web is failed (crash_loop), last exit: code 1',
        '  web ended 0s ago: code 1',
        '  its last lines:',
        '    stderr: EADDRINUSE ·[2J',
        '  hint: Mend it.',
        '  code: WORKER_FAILED',
        '',
      ],
    ]);
    const json = await api.cli(['worker', 'start', 'web', '--json']);
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: {
        code: 'WORKER_FAILED',
        details: { evidence: expect.arrayContaining(['  stderr: EADDRINUSE \u001b[2J']) as unknown },
      },
    });
  });

  it('raise the error itself where nothing else is known', async () => {
    api.replies.startWorker = () => new Problem(409, 'WORKER_FAILED');
    api.replies.getWorker = () => new Problem(403, 'FORBIDDEN');
    const { code, stderr } = await api.cli(['worker', 'start', 'web', '--no-wait']);
    expect([code, stderr]).toEqual([EXIT.Failure, expect.not.stringContaining('its last lines')]);
    api.replies.startWorker = () => new Problem(504, 'DEADLINE_EXCEEDED');
    expect((await api.cli(['worker', 'start', 'web', '--no-wait'])).code).toBe(EXIT.WaitTimeout);
    api.replies.startWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    api.replies.listWorkers = () => new Problem(403, 'FORBIDDEN');
    expect((await api.cli(['worker', 'start', 'wbe'])).code).toBe(EXIT.NotFound);
  });

  it.each(['start', 'restart'] as const)('%s says when what has no probe did not stay', async (verb) => {
    const exit = { code: 7, signal: null, reason: 'exited', at: AT };
    const ended = instanceOf({ state: 'restarting', reason: 'backoff', last_exit: exit });
    api.replies[`${verb}Worker`] = workerOf({}, [instanceOf({ last_exit: null })]);
    api.replies.getWorker = workerOf({ state: 'restarting', reason: 'backoff' }, [ended]);
    api.replies.getWorkersLogs = lines(lineOf({ stream: 'stderr', text: 'no such table' }));
    const { code, stdout, stderr } = await api.cli(['worker', verb, 'web']);
    expect([code, stdout]).toEqual([EXIT.Failure, '']);
    expect(stderr).toContain('Worker web was started, and has ended since: code 7\n');
    expect(stderr).toContain('stderr: no such table\n');
    expect(stderr).toContain('code: WORKER_ENDED\n');
    // Nobody is waited for: it is as it was asked.
    expect((await api.cli(['worker', verb, 'web', '--no-wait'])).code).toBe(EXIT.Ok);
  });

  it('start says when it has ended before anybody could look', async () => {
    const exit = { code: 7, signal: null, reason: 'exited', at: AT };
    const ended = workerOf({ state: 'restarting' }, [instanceOf({ state: 'restarting', last_exit: exit })]);
    api.replies.startWorker = ended;
    api.replies.getWorker = ended;
    api.replies.getWorkersLogs = '';
    const { code, stderr } = await api.cli(['worker', 'start', 'web']);
    expect([code, stderr]).toEqual([EXIT.Failure, expect.stringContaining('code: WORKER_ENDED')]);
    // One that runs, and had ended before it was asked for.
    api.replies.startWorker = workerOf({}, [instanceOf({ last_exit: exit })]);
    api.replies.getWorker = workerOf({}, [instanceOf({ last_exit: exit })]);
    expect((await api.cli(['worker', 'start', 'web'])).code).toBe(EXIT.Ok);
  });

  it('start takes what has done its work for what it is, and a probe at its word', async () => {
    api.replies.startWorker = workerOf({}, [
      instanceOf({ health: { startup: null, readiness: PASSING, liveness: null } }),
    ]);
    expect((await api.cli(['worker', 'start', 'web', '--json'])).code).toBe(EXIT.Ok);
    expect(asked('getWorker')).toEqual([]);
    const exit = { code: 0, signal: null, reason: 'exited', at: AT };
    api.replies.startWorker = workerOf({}, [instanceOf({ last_exit: null })]);
    const done = { state: 'stopped', reason: 'completed' } as const;
    api.replies.getWorker = workerOf(done, [instanceOf({ ...done, last_exit: exit })]);
    const { code, stdout } = await api.cli(['worker', 'start', 'web']);
    expect([code, stdout]).toEqual([EXIT.Ok, 'started web: stopped (completed), last exit: code 0\n']);
  });

  it('name the worker that may have been meant', async () => {
    api.replies.startWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    api.replies.signalWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    api.replies.listWorkers = { items: [workerOf()], next_cursor: null };
    for (const words of [
      ['start', 'wbe', '--no-wait'],
      ['signal', 'wbe', 'HUP'],
    ]) {
      const { code, stderr } = await api.cli(['worker', ...words]);
      expect([code, stderr]).toEqual([EXIT.NotFound, expect.stringContaining('hint: There is "web".')]);
    }
  });

  it('do several at once, and say of each what became of it', async () => {
    api.replies.getWorker = ({ id }) => workerOf({ id: id as string });
    api.replies.stopWorker = ({ id }) =>
      id === 'b' ? new Problem(409, 'WORKER_NOT_OURS') : workerOf({ id: id as string, state: 'stopped' });
    const { code, stdout, stderr } = await api.cli(['worker', 'stop', 'a', 'b', 'a']);
    expect(code).toBe(EXIT.Findings);
    expect(
      stdout
        .split('\n')
        .filter((line) => !line.startsWith(' '))
        .toSorted(),
    ).toEqual(['', 'failed b', 'stopped a: stopped (started)']);
    expect(stderr).toContain('1 of 2 failed');
    const { stdout: json } = await api.cli(['worker', 'stop', 'a', 'b', '--json']);
    expect(JSON.parse(json)).toMatchObject({ results: [{ id: 'a' }, { id: 'b', error: { code: 'WORKER_NOT_OURS' } }] });
    expect((await api.cli(['worker', 'stop', 'a', 'b', '--instance', '1'])).code).toBe(EXIT.Usage);
  });
});

describe('worker logs', () => {
  beforeEach(() => {
    api.replies.getWorker = ({ id }) => workerOf({ id: id as string });
  });

  it('shows the lines of one worker as they are', async () => {
    api.replies.getWorkersLogs = lines(lineOf(), lineOf({ stream: 'stderr', text: 'oops' }));
    const filters = ['--stream', 'stderr', '--tail', '5', '--pattern', 'a|b', '--level', 'warn'];
    const times = ['--since', '2026-01-01', '--until', '2026-01-02T00:00:00Z'];
    expect((await api.cli(['worker', 'logs', 'web', ...filters, ...times])).stdout).toBe('hello\noops\n');
    expect(asked('getWorkersLogs')[0]?.query).toEqual({
      worker: 'web',
      format: 'json',
      stream: 'stderr',
      limit: '5',
      pattern: 'a|b',
      level: 'warn',
      since: '2026-01-01T00:00:00.000Z',
      until: '2026-01-02T00:00:00.000Z',
    });
  });

  it('shows those of several behind their names', async () => {
    api.replies.getWorkersLogs = lines(lineOf(), lineOf({ worker: 'database', stream: 'stderr', text: 'oops' }));
    expect((await api.cli(['worker', 'logs', 'web', 'database'])).stdout).toBe('web      | hello\ndatabase ! oops\n');
    expect(asked('getWorkersLogs')[0]?.query['worker']).toEqual(['web', 'database']);
  });

  it('takes no more lines than the server gives', async () => {
    expect((await api.cli(['worker', 'logs', 'web', '--tail', '10001'])).stderr).toContain('at most 10000 lines');
    expect((await api.cli(['worker', 'logs', 'web', '--tail', '10001'])).code).toBe(EXIT.Usage);
    expect(asked('getWorkersLogs')).toEqual([]);
  });

  it('tells instances apart, or shows one of them alone', async () => {
    api.replies.getWorker = workerOf({}, [instanceOf(), instanceOf({ instance: 1 })]);
    api.replies.getWorkersLogs = lines(lineOf(), lineOf({ instance: 1 }));
    api.replies.getWorkerLogs = lines(lineOf({ instance: 1 }));
    expect((await api.cli(['worker', 'logs', 'web'])).stdout).toBe('web/0 | hello\nweb/1 | hello\n');
    expect((await api.cli(['worker', 'logs', 'web', '--instance', '1'])).stdout).toBe('hello\n');
    expect(asked('getWorkerLogs')[0]?.query).toEqual({ instance: '1', format: 'json' });
    expect((await api.cli(['worker', 'logs', 'a', 'b', '--instance', '1'])).code).toBe(EXIT.Usage);
  });

  it('writes a line of JSON each', async () => {
    api.replies.getWorkersLogs = lines(lineOf(), lineOf({ json: { level: 'info' } }));
    expect((await api.cli(['worker', 'logs', 'web', '--json'])).stdout).toBe(
      lines(lineOf(), lineOf({ json: { level: 'info' } })),
    );
  });

  it('reads on for one who may not see the worker itself', async () => {
    api.replies.getWorker = () => new Problem(403, 'FORBIDDEN');
    api.replies.getWorkersLogs = lines(lineOf());
    expect((await api.cli(['worker', 'logs', 'web'])).stdout).toBe('hello\n');
    api.replies.getWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    expect((await api.cli(['worker', 'logs', 'web'])).code).toBe(EXIT.NotFound);
  });

  it('follows over the end of a stream, without a line twice and without a word, until it is stopped', async () => {
    const at = (second: number, text: string): WorkerLogLine =>
      lineOf({ at: `2026-01-01T00:00:0${second}.000Z`, text });
    const frames = (...all: readonly WorkerLogLine[]): string =>
      all.map((line) => `data: ${JSON.stringify(line)}\n\n`).join('');
    const turns = [
      frames(at(1, 'one'), at(2, 'two'), at(2, 'two')),
      frames(at(2, 'two'), at(2, 'two'), at(2, 'more'), at(3, 'three')),
    ];
    let turn = 0;
    api.replies.getWorkersLogs = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const text = turns[turn++] ?? '';
      if (turn === 1) response.end(text);
      else response.write(text);
      return RESPONDED;
    };
    const controller = new AbortController();
    let text = '';
    const write = (part: string): void => {
      text += part;
      if (text.includes('three')) controller.abort();
    };
    const { code, stderr } = await api.cli(['worker', 'logs', 'web', '-f', '--tail', '3', '-t'], {
      stop: controller.signal,
      stdout: { write },
    });
    expect([code, text.match(/(?<= )\w+$/gm)]).toEqual([EXIT.Ok, ['one', 'two', 'two', 'more', 'three']]);
    expect(stderr).toBe('');
    expect(asked('getWorkersLogs').map(({ query }) => query)).toEqual([
      { worker: 'web', follow: 'true', limit: '3' },
      { worker: 'web', follow: 'true', limit: '10000', since: '2026-01-01T00:00:02.000Z' },
    ]);
    expect((await api.cli(['worker', 'logs', 'web', '-f', '--until', '1m'])).code).toBe(EXIT.Usage);
  });

  it('waits for a server that goes away before the first line, and says so once', async () => {
    const controller = new AbortController();
    let attempts = 0;
    api.replies.getWorkersLogs = (_asked, response) => {
      if (++attempts === 4) controller.abort();
      response.destroy();
      return RESPONDED;
    };
    const { code, stderr } = await api.cli(['worker', 'logs', 'web', '-f', '--json'], { stop: controller.signal });
    expect([code, attempts, stderr]).toEqual([EXIT.Ok, 4, 'roundhouse: the connection is lost; trying again\n']);
  });

  it('does not go on where it could not begin', async () => {
    api.replies.getWorkersLogs = () => new Problem(422, 'LOG_PATTERN_INVALID');
    const { code, stderr } = await api.cli(['worker', 'logs', 'web', '-f', '--pattern', '(']);
    expect([code, stderr]).toEqual([EXIT.Failure, expect.stringContaining('LOG_PATTERN_INVALID')]);
  });
});

describe('worker usage, history, signal, exec and scale', () => {
  it('show samples and limits', async () => {
    const history = [sampleOf({ at: AT }), sampleOf({ cpu_percent: null })];
    api.replies.getWorkerUsage = { worker: 'web', instances: [{ instance: 0, limits: [memory], now: null, history }] };
    const { stdout } = await api.cli(['worker', 'usage', 'web', '--since', '2026-01-01']);
    expect(stdout).toMatch(/^1970-01-01T00:00:00.000Z +0 +12\.3 +1m05s +50\.0M +0B +1 +21 +- +1\.0K +2\.0K$/m);
    expect(stdout).toMatch(/^0 +memory\.max_rss +100M /m);
    expect(asked('getWorkerUsage')[0]?.query).toEqual({ since: '2026-01-01T00:00:00.000Z' });
    expect((await api.cli(['worker', 'usage', 'web', '--last', '1'])).stdout).not.toContain('1970');
    expect((await api.cli(['worker', 'usage', 'web', '--last', '0'])).stdout).toContain('Nothing has been measured');
  });

  it('show where it has been, in the order of time', async () => {
    const moves = (second: number, to: 'ready' | 'failed') => [
      { at: `2026-01-01T00:00:0${second}.000Z`, from: 'starting' as const, to, reason: 'r' },
    ];
    api.replies.getWorkerHistory = {
      worker: 'web',
      instances: [
        { instance: 0, moves: moves(2, 'ready') },
        { instance: 1, moves: moves(1, 'failed') },
      ],
    };
    expect((await api.cli(['worker', 'history', 'web'])).stdout.split('\n').slice(1)).toEqual([
      '2026-01-01T00:00:01.000Z  1         starting  failed  r',
      '2026-01-01T00:00:02.000Z  0         starting  ready   r',
      '',
    ]);
  });

  it('send a signal by either name, and know those that are none', async () => {
    expect((await api.cli(['worker', 'signal', 'web', 'sighup', '--instance', '2'])).stdout).toBe('sent HUP to web\n');
    expect(asked('signalWorker')[0]?.body).toEqual({ signal: 'HUP', instance: 2 });
    expect((await api.cli(['worker', 'signal', 'web', 'TREM'])).stderr).toContain('did you mean TERM?');
  });

  it('say of a command that could not be run, or not in time, nothing of the worker', async () => {
    api.replies.getWorker = workerOf();
    api.replies.getWorkersLogs = lines(lineOf());
    for (const code of ['WORKER_START_FAILED', 'WORKER_COMMAND_FAILED', 'DEADLINE_EXCEEDED']) {
      api.replies.execWorker = () => new Problem(422, code);
      const { stderr } = await api.cli(['worker', 'exec', 'web', '--', 'nonesuch']);
      expect(stderr).toBe(`roundhouse: It is ${code}\n  hint: Mend it.\n  code: ${code}\n`);
    }
  });

  it('say of one that is not done in time that it goes on', async () => {
    api.replies.getWorker = workerOf();
    api.replies.getWorkersLogs = lines(lineOf());
    api.replies.stopWorker = () => new Problem(504, 'DEADLINE_EXCEEDED');
    const { code, stderr } = await api.cli(['worker', 'stop', 'web']);
    expect([code, stderr]).toEqual([EXIT.WaitTimeout, expect.stringContaining('hint: What was asked for goes on: ')]);
  });

  it('run a command, and tell that it failed', async () => {
    api.replies.execWorker = { code: 0, output: 'fine\n' };
    const { code, stdout } = await api.cli(['worker', 'exec', 'web', '--timeout', '5s', '--', 'ls', '-l']);
    expect([code, stdout]).toEqual([EXIT.Ok, 'fine\n']);
    expect(asked('execWorker')[0]?.body).toEqual({ command: ['ls', '-l'], timeout: '5000ms' });
    api.replies.execWorker = { code: 3, output: '' };
    const failed = await api.cli(['worker', 'exec', 'web', '--', 'false']);
    expect([failed.code, failed.stderr]).toEqual([EXIT.Findings, 'roundhouse: it ended with code 3\n']);
  });

  it('scale', async () => {
    api.replies.scaleWorker = workerOf({ state: 'starting', reason: 'scaled' });
    expect((await api.cli(['worker', 'scale', 'web', '3'])).stdout).toBe('scaled web to 3: starting (scaled)\n');
    expect(asked('scaleWorker')[0]?.body).toEqual({ replicas: 3 });
  });
});

describe('worker group', () => {
  const group = { id: 'front', state: 'ready', workers: ['a', 'b'], replicas: 3, running: 2 } as const;

  it('lists groups', async () => {
    api.replies.listWorkerGroups = { items: [group], next_cursor: null };
    expect((await api.cli(['worker', 'group', 'list'])).stdout).toMatch(/^front +ready +2\/3 +a,b$/m);
    api.replies.listWorkerGroups = { items: [], next_cursor: null };
    expect((await api.cli(['worker', 'group', 'list'])).stdout).toContain('There are no groups');
  });

  it('starts, stops, restarts and scales one', async () => {
    Object.assign(api.replies, { startWorkerGroup: group, stopWorkerGroup: group, restartWorkerGroup: group });
    api.replies.scaleWorkerGroup = group;
    api.replies.listWorkers = { items: [], next_cursor: null };
    for (const [verb, past] of [
      ['start', 'started'],
      ['stop', 'stopped'],
      ['restart', 'restarted'],
    ]) {
      const { stdout } = await api.cli(['worker', 'group', verb as string, 'front', '--timeout', '5s']);
      expect(stdout).toBe(`${past} front: ready, 2 of 3 up\n`);
    }
    expect((await api.cli(['worker', 'group', 'scale', 'front', '2'])).stdout).toContain('front: ready');
    expect(api.asked.filter(({ params }) => params['group'] === 'front').map(({ body }) => body)).toEqual([
      ...[1, 2, 3].map(() => ({ timeout: '5000ms' })),
      { replicas: 2 },
    ]);
  });

  it('names the one that may have been meant', async () => {
    api.replies.stopWorkerGroup = () => new Problem(404, 'WORKER_GROUP_NOT_FOUND');
    api.replies.scaleWorkerGroup = () => new Problem(404, 'WORKER_GROUP_NOT_FOUND');
    api.replies.listWorkers = { items: [], next_cursor: null };
    api.replies.listWorkerGroups = { items: [group], next_cursor: null };
    for (const words of [
      ['stop', 'frnot'],
      ['scale', 'frnot', '2'],
    ]) {
      const { code, stderr } = await api.cli(['worker', 'group', ...words]);
      expect([code, stderr]).toEqual([EXIT.NotFound, expect.stringContaining('hint: There is "front".')]);
    }
    api.replies.listWorkerGroups = () => new Problem(403, 'FORBIDDEN');
    const { stderr } = await api.cli(['worker', 'group', 'stop', 'frnot']);
    expect(stderr).toContain('hint: "roundhouse worker group list" shows those there are.');
  });

  it('says which worker of a group did not stay', async () => {
    const exit = { code: 7, signal: null, reason: 'exited', at: AT };
    api.replies.startWorkerGroup = group;
    api.replies.listWorkers = {
      items: ['a', 'b'].map((id) => workerOf({ id, group: 'front' }, [instanceOf({ last_exit: null })])),
      next_cursor: null,
    };
    api.replies.getWorker = ({ id }) =>
      workerOf({ id: id as string }, [
        instanceOf(id === 'b' ? { state: 'restarting', last_exit: exit } : { last_exit: null }),
      ]);
    api.replies.getWorkersLogs = '';
    const { code, stderr } = await api.cli(['worker', 'group', 'start', 'front']);
    expect([code, stderr]).toEqual([
      EXIT.Failure,
      expect.stringContaining('Worker b was started, and has ended since'),
    ]);
    expect((await api.cli(['worker', 'group', 'start', 'front', '--no-wait'])).code).toBe(EXIT.Ok);
  });

  it('says which worker keeps a group from starting', async () => {
    api.replies.startWorkerGroup = () => new Problem(409, 'WORKER_FAILED', { worker: 'b/0' });
    api.replies.getWorker = ({ id }) => workerOf({ id: id as string, state: 'failed' });
    api.replies.getWorkersLogs = '';
    const { stderr } = await api.cli(['worker', 'group', 'start', 'front', '--no-wait']);
    expect(stderr).toContain('b is failed');
    expect(stderr).toContain('it has written nothing');
  });
});

describe('top', () => {
  it('writes the table once where there is no terminal, or as JSON', async () => {
    api.replies.listWorkers = {
      items: [workerOf(), workerOf({ id: 'hungry' }, [instanceOf({ usage: sampleOf({ cpu_percent: 99 }) })])],
      next_cursor: null,
    };
    const { stdout } = await api.cli(['top']);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['NAME', 'hungry', 'web', '']);
    expect(stdout).toMatch(/ REASON\n.* started\n/);
    expect((await api.cli(['top', '--once', '--sort', 'memory'])).stdout).toMatch(/^NAME.*\nhungry /);
    const { items } = JSON.parse((await api.cli(['top', '--json'])).stdout) as { items: unknown[] };
    expect(items[1]).toMatchObject({ name: 'web', pid: 4711, cpu_percent: 12.34, rss_bytes: 52_428_800, limits: null });
    expect((await api.cli(['top', '--sort', 'luck'])).code).toBe(EXIT.Usage);
  });
});
