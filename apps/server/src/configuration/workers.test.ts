import type { Diagnostic } from '@roundhouse/config';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';
import { type ConfigurationValue, SECRETS } from './definition.ts';
import { masked } from './masked.ts';
import { planReload } from './plan.ts';
import { workerEffects } from './workers.ts';

const FILE = '/etc/roundhouse.yaml';

/** What is said of a file: `code path: reason`, or nothing. */
async function faultsOf(text: string): Promise<readonly string[]> {
  return (await diagnosticsOf(text)).map(({ code, path, message, line }) => `${line} ${code} ${path}: ${message}`);
}

async function diagnosticsOf(text: string): Promise<readonly Diagnostic[]> {
  const files = {
    read: (path: string) => (path === FILE ? Promise.resolve(Buffer.from(text)) : Promise.reject(new Error('none'))),
    list: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
    link: () => Promise.resolve(undefined),
  };
  const clock = new FakeClock();
  const deps = { files, variables: {}, clock, isMachineChecked: false };
  try {
    return (await readConfiguration({ file: FILE }, deps, createScope({ clock }))).warnings;
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    return error.details['diagnostics'] as readonly Diagnostic[];
  }
}

describe('workers in a configuration', () => {
  it('may be written plain or nested, by templates, and in any order', async () => {
    const text = `
templates:
  web: { body: { command: [web], restart: { policy: always } } }
workers:
  - { id: web, use: web, depends_on: [db, { worker: cache, condition: started }] }
  - { id: db, command: [db], sockets: [{ name: main, listen: "127.0.0.1:5432" }] }
  - id: cache
    unit: { managed: { control: { execution: { executable_path: /bin/cache, args: ["-v"] } } } }
`;
    expect(await faultsOf(text)).toEqual([]);
  });

  it.each<readonly [string, string, RegExp]>([
    [
      'a name that nothing has',
      'workers:\n  - { id: db, command: [db] }\n  - { id: web, command: [web], depends_on: [dbb] }\n',
      /^3 CONFIG_REFERENCE workers\[web\]\.depends_on\[0\]: .*dbb/,
    ],
    [
      'a name in an object that nothing has',
      'workers:\n  - { id: db, command: [db] }\n  - { id: web, command: [web], depends_on: [{ worker: dbb }] }\n',
      /^3 CONFIG_REFERENCE workers\[web\]\.depends_on\[0\]\.worker: .*dbb/,
    ],
    [
      'a circle',
      'workers:\n  - { id: a, command: [a], depends_on: [b] }\n  - { id: b, command: [b], depends_on: [a] }\n',
      /^2 CONFIG_CONFLICT workers\[a\]\.depends_on\[0\]: .*a → b → a/,
    ],
    [
      'itself',
      'workers:\n  - { id: a, command: [a], depends_on: [{ worker: a }] }\n',
      /^2 CONFIG_CONFLICT workers\[a\]\.depends_on\[0\]: This dependency is on the worker itself/,
    ],
    [
      'a socket that another has',
      'workers:\n' +
        '  - { id: a, command: [a], sockets: [{ name: x, listen: "127.0.0.1:80" }] }\n' +
        '  - { id: b, command: [b], sockets: [{ name: y, listen: "127.0.0.1:80" }] }\n',
      /^3 CONFIG_CONFLICT workers\[b\]\.sockets\[0\]\.listen: .*127\.0\.0\.1:80 is listened to by the worker a too/,
    ],
    [
      'a field that its type does not have',
      'workers:\n  - id: a\n    command: [a]\n    attach: { port: 80 }\n',
      /^4 CONFIG_VALUE workers\[a\]\.attach: /,
    ],
    [
      'what is said twice',
      'workers:\n  - id: a\n    command: [a]\n    unit: { managed: { control: { execution: { executable_path: /a } } } }\n',
      /^3 CONFIG_VALUE workers\[a\]\.command: .*stands under `unit` too/,
    ],
    ['an unknown field', 'workers:\n  - { id: a, comand: [a] }\n', /^2 CONFIG_UNKNOWN_KEY workers\[a\]\.comand/],
    [
      'a URL of a scheme that cannot be probed',
      "workers:\n  - id: a\n    command: [a]\n    probes: { readiness: { url: 'gopher://h/' } }\n",
      /^4 CONFIG_VALUE workers\[a\]\.probes\.readiness\.url: .*a scheme of tcp, tls, http, .*grpcs; tcp, tls, grpc need the port$/,
    ],
    [
      'an option of a probe that there is not',
      "workers:\n  - id: a\n    command: [a]\n    probes: { readiness: { url: { address: 'tls://h:1', verfy: true } } }\n",
      /^4 CONFIG_UNKNOWN_KEY workers\[a\]\.probes\.readiness\.url\.verfy: /,
    ],
    [
      'the ladder of a host that has no such rung',
      'workers:\n  - id: a\n    command: [a]\n    probes: { readiness: { endpoint: { kind: redis, port: 1 } } }\n',
      /^4 CONFIG_VALUE workers\[a\]\.probes\.readiness\.endpoint\.kind: .*tn3270/,
    ],
    ['two of one id', 'workers:\n  - { id: a }\n  - { id: a }\n', /^3 CONFIG_DUPLICATE_ID/],
  ])('are refused for %s, at its place', async (_what, text, fault) => {
    expect(await faultsOf(text)).toEqual([expect.stringMatching(fault)]);
  });

  it('have values of variables and secrets that are shown to nobody', () => {
    const value: ConfigurationValue = {
      workers: [
        {
          id: 'a',
          command: ['a'],
          environment: { PASSWORD: 'planted' },
          secrets: [{ name: 'key', value: 'planted' }],
        },
      ],
    };
    expect(masked(value, SECRETS)).toEqual({
      workers: [
        {
          id: 'a',
          command: ['a'],
          environment: { PASSWORD: '[secret]' },
          secrets: [{ name: 'key', value: '[secret]' }],
        },
      ],
    });
    const change = { workers: [{ id: 'a', command: ['a'], environment: { PASSWORD: 'other' } }] };
    const plan = planReload(value, value, change);
    expect(plan.action).toBe('live');
    expect(JSON.stringify(plan)).not.toMatch(/planted|other/);
  });
});

describe('the effects of a reload on workers', () => {
  it('are told by worker', () => {
    const same = { id: 'same', command: ['x'] } as const;
    const before: ConfigurationValue = {
      workers: [
        { id: 'gone', command: ['x'] },
        { id: 'program', command: ['x'] },
        { id: 'limits', command: ['x'] },
        { ...same, command: ['x'] },
      ],
    };
    const next: ConfigurationValue = {
      workers: [
        { ...same, command: ['x'], enabled: true },
        { id: 'limits', command: ['x'], limits: { cpu: { max_percent: 50 } } },
        { id: 'new', command: ['x'] },
        { id: 'program', command: ['y'] },
      ],
    };
    expect(workerEffects(before, next)).toEqual([
      { worker: 'gone', effect: 'remove' },
      { worker: 'limits', effect: 'live' },
      { worker: 'new', effect: 'add' },
      { worker: 'program', effect: 'restart' },
    ]);
  });
});
