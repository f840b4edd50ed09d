import { describe, expect, it } from 'vitest';
import { doctor, worstOf } from './doctor.ts';
import type { Facts } from './facts.ts';
import { NOW, WELL } from './facts.fixture.ts';
import { isRuntimePatched } from './runtime.ts';

const DAY_MS = 86_400_000;
const MIB = 1_048_576;
const certificate = WELL.certificates[0];
const port = WELL.ports[0];

describe('the doctor', () => {
  it('finds nothing where all is well', () => {
    const findings = doctor(WELL);
    expect(worstOf(findings)).toBe('ok');
    expect(findings.map(({ check }) => check)).toEqual([
      'runtime',
      'data directory',
      'disk',
      'open descriptors',
      'clock',
      'store',
      'port api',
      'certificate api',
      'run directory',
      'programs for workers',
    ]);
  });

  it('says nothing of workers where there are none', () => {
    expect(doctor({ ...WELL, workers: null }).map(({ check }) => check)).not.toContain('run directory');
  });

  const cases: ReadonlyArray<readonly [outcome: 'ok' | 'warn' | 'fail', message: RegExp, change: object]> = [
    ['fail', /24\.21\.0 .*CVE-2026-111497/, { runtime: { ...WELL.runtime, node: '24.21.0' } }],
    ['warn', /24\.21\.0 .*CVE-2026-111497/, { runtime: { ...WELL.runtime, node: '24.21.0', isStrict: false } }],
    ['warn', /28\.0\.0 .* was not tried/, { runtime: { ...WELL.runtime, node: '28.0.0' } }],
    ['ok', /made at the first start/, { home: { ...WELL.home, state: 'absent', mode: null } }],
    ['fail', /no directory/, { home: { ...WELL.home, state: 'not_a_directory' } }],
    ['fail', /cannot be written/, { home: { ...WELL.home, state: 'not_writable' } }],
    ['warn', /open to others \(mode 750\)/, { home: { ...WELL.home, mode: 0o750 } }],
    ['warn', /another user/, { home: { ...WELL.home, isOwn: false } }],
    ['warn', /1\.0 GiB of 100\.0 GiB are free/, { disk: { ...WELL.disk, freeBytes: 1_024 * MIB } }],
    ['fail', /0\.1 GiB of/, { disk: { ...WELL.disk, freeBytes: 100 * MIB } }],
    ['warn', /not known/, { disk: null }],
    ['warn', /8192 are allowed/, { descriptors: { limit: 8_192, wanted: 20_000 } }],
    ['fail', /1024 are allowed/, { descriptors: { limit: 1_024, wanted: 20_000 } }],
    ['ok', /no limit is known/, { descriptors: { limit: Infinity, wanted: 20_000 } }],
    ['fail', /1970-01-01T00:00:00\.000Z here, before/, { clock: { ...WELL.clock, now: 0 } }],
    ['warn', /changed at 2026-11-22T00:00:00\.000Z/, { clock: { ...WELL.clock, newestStateAt: NOW + DAY_MS } }],
    ['ok', /2026-11-21T00:00:00\.000Z/, { clock: { ...WELL.clock, newestStateAt: null } }],
    [
      'fail',
      /STORE_UNAVAILABLE: gone/,
      { store: { state: 'unreachable', code: 'STORE_UNAVAILABLE', message: 'gone' } },
    ],
    [
      'fail',
      /run cannot be written/,
      { workers: { ...WELL.workers, runDirectory: { ...WELL.workers?.runDirectory, state: 'not_writable' } } },
    ],
    [
      'fail',
      /workers need setpriv, prlimit/,
      { workers: { ...WELL.workers, missingPrograms: ['setpriv', 'prlimit'] } },
    ],
    ['ok', /runs here \(pid 47\) has it open/, { store: { state: 'held', pid: 47 } }],
    ['warn', /within 900 ms/, { store: { state: 'reachable', elapsedMs: 900 } }],
    ['ok', /a Roundhouse answers at \[::1\]:7070/, { ports: [{ ...port, host: '::1', state: 'ours' }] }],
    ['fail', /something else listens at 127\.0\.0\.1:7070/, { ports: [{ ...port, state: 'taken' }] }],
    ['fail', /may not be used by this user/, { ports: [{ ...port, state: 'forbidden' }] }],
    ['fail', /no address of this machine/, { ports: [{ ...port, state: 'no_such_address' }] }],
    ['fail', /expired at/, { certificates: [{ ...certificate, expiresAt: NOW }] }],
    ['fail', /in 1 days/, { certificates: [{ ...certificate, expiresAt: NOW + 1.5 * DAY_MS }] }],
    ['warn', /in 13 days/, { certificates: [{ ...certificate, expiresAt: NOW + 13.5 * DAY_MS }] }],
    ['fail', /not valid before/, { certificates: [{ ...certificate, validFrom: NOW + DAY_MS }] }],
    ['fail', /ENOENT/, { certificates: [{ ...certificate, expiresAt: null, fault: 'ENOENT' }] }],
  ];

  it.each(cases)('says %s and %s', (outcome, message, change) => {
    // A clock that is wrong makes a certificate wrong as well: only the first is looked for.
    const findings = doctor({ ...WELL, ...change } as Facts);
    const finding = findings.find((each) => message.test(each.message));
    expect(finding, JSON.stringify(findings)).toBeDefined();
    expect(finding?.outcome).toBe(outcome);
    expect(finding?.nextStep === null).toBe(outcome === 'ok');
  });

  it('says the same in every time zone', () => {
    const before = process.env['TZ'];
    const all = ['UTC', 'Pacific/Kiritimati', 'America/St_Johns'].map((zone) => {
      process.env['TZ'] = zone;
      return doctor(WELL);
    });
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });

  it('is as ill as the worst finding', () => {
    const findings = doctor({ ...WELL, disk: null });
    expect(worstOf(findings)).toBe('warn');
    expect(worstOf(doctor({ ...WELL, disk: null, ports: [{ ...WELL.ports[0], state: 'taken' }] } as Facts))).toBe(
      'fail',
    );
  });
});

describe('the baseline of the runtime', () => {
  it.each([
    ['24.21.0', false],
    ['24.22.0', false],
    ['24.22.1', true],
    ['24.23.0', true],
    ['v26.12.1', true],
    ['26.12.0', false],
    ['26.10.0', false],
    ['25.9.0', false],
    ['22.23.4', false],
    ['20.20.2', false],
    ['27.0.0-alpha.1', undefined],
  ])('%s: %s', (version, isPatched) => expect(isRuntimePatched(version)).toBe(isPatched));
});
