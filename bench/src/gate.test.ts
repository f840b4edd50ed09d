import { describe, expect, it } from 'vitest';
import { figure } from './figure.ts';
import { BARS, judge } from './gate.ts';

describe('judge', () => {
  it.each([
    { id: 'decode.form.mb_per_s', median: 500, met: true },
    { id: 'decode.form.mb_per_s', median: 499.9, met: false },
    { id: 'first_screen', median: 4.9, met: true },
    { id: 'first_screen', median: 5, met: false },
    { id: 'session.held_kb', median: 150, met: true },
    { id: 'session.held_kb', median: 150.1, met: false },
    { id: 'decision.p2c', median: 1.9, met: true },
    { id: 'decision.hash', median: 2, met: false },
    { id: 'create.ms', median: 10, met: false },
    { id: 'warm.ms', median: 1.9, met: true },
    { id: 'warm.ms', median: 2, met: false },
    { id: 'front_door.added_ms', median: 0.29, met: true },
    { id: 'front_door.added_ms', median: 0.3, met: false },
    { id: 'failover.seconds', median: 4.9, met: true },
    { id: 'failover.seconds', median: 5, met: false },
    { id: 'failover.lost', median: 1, met: false },
    { id: 'api.endpoint.per_s', median: 10_000, met: true },
    { id: 'api.whoami.p99_ms', median: 20, met: false },
    { id: 'webhook.latency_ms', median: 19.9, met: true },
    { id: 'webhook.per_s', median: 1_999, met: false },
    { id: 'webhook.lost', median: 1, met: false },
    { id: 'config.short.first_ms', median: 300, met: false },
    { id: 'policy.mixed', median: 4.9, met: true },
    { id: 'workers.roundhouse_up.start_500_s', median: 4, met: true },
    { id: 'workers.roundhouse_up.replaced_ms', median: 50.1, met: false },
    { id: 'workers.supervisor_alone.survival.kept', median: 4, met: false },
    { id: 'workers.supervisor_alone.survival.duplicates', median: 0, met: true },
    { id: 'growth.screens', median: 5, met: false },
  ])('says of $id = $median whether its bar is met: $met', ({ id, median, met }) => {
    expect(judge(figure(id, '', '', [median]))?.met).toBe(met);
  });

  it('holds CPU time to the ratio with the peer', () => {
    const peer = { name: 's3270', samples: [90] };
    expect(judge(figure('cpu.form', '', '', [30], peer))).toMatchObject({ value: 1 / 3, met: true });
    expect(judge(figure('cpu.form', '', '', [31], peer))).toMatchObject({ met: false });
  });

  it('holds the front door to a share of what a plain relay carries', () => {
    const peer = { name: 'haproxy', samples: [10_000] };
    expect(judge(figure('front_door.form', '', '', [8_000], peer))).toMatchObject({ value: 0.8, met: true });
    expect(judge(figure('front_door.form', '', '', [7_900], peer))).toMatchObject({ met: false });
  });

  it('holds the log to a share of what goes without it', () => {
    const peer = { name: 'silent', samples: [10_000] };
    expect(judge(figure('logging.info', '', '', [9_800], peer))).toMatchObject({ value: 0.98, met: true });
    expect(judge(figure('logging.info', '', '', [9_700], peer))).toMatchObject({ met: false });
  });

  it('holds the supervisor to the better peer', () => {
    const peer = { name: 'best peer', samples: [2] };
    expect(judge(figure('workers.supervisor_alone.start_500_s', '', '', [1.9], peer))).toMatchObject({ met: true });
    expect(judge(figure('workers.supervisor_alone.start_500_s', '', '', [2], peer))).toMatchObject({ met: false });
  });

  it('says nothing of a ratio without a peer, nor of a figure without a bar', () => {
    expect(judge(figure('cpu.form', '', '', [1]))).toBeUndefined();
    expect(judge(figure('receive.form.mb_per_s', '', '', [1]))).toBeUndefined();
  });

  it('has one bar a figure', () => {
    expect(new Set(BARS.map((bar) => bar.figure)).size).toBe(BARS.length);
  });
});
