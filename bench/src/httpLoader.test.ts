import { describe, expect, it } from 'vitest';
import { readWrk } from './httpLoader.ts';

/** Printed by wrk 4.1.0. */
const REPORT = `Running 2s test @ http://127.0.0.1:33911
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    43.94ms    5.90ms  56.59ms   96.20%
    Req/Sec   702.40     76.94     0.91k    75.00%
  Latency Distribution
     50%   43.95ms
     75%   44.15ms
     90%   47.94ms
     99%   51.78ms
  1396 requests in 2.00s, 3.17MB read
Requests/sec:    697.73
Transfer/sec:      1.58MB
`;

describe('readWrk', () => {
  it('reads rate and latency', () => {
    expect(readWrk(REPORT)).toEqual({ readsPerSecond: 697.73, p99Ms: 51.78, errors: 0 });
  });

  it.each([
    { printed: '850.00us', ms: 0.85 },
    { printed: '1.20s ', ms: 1200 },
  ])('takes $printed for $ms ms', ({ printed, ms }) => {
    expect(readWrk(REPORT.replace('51.78ms', printed))?.p99Ms).toBeCloseTo(ms);
  });

  it('counts refused answers and broken connections', () => {
    const failures = '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 5\n';
    expect(readWrk(REPORT.replace('Requests/sec', `${failures}Requests/sec`))?.errors).toBe(4326);
  });

  it('makes nothing of anything else', () => {
    expect(readWrk('unable to connect to 127.0.0.1:1 Connection refused')).toBeUndefined();
  });
});
