import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOtherHost, offHostSinks } from './offHost.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'off-host-'));
});
afterEach(() => rm(folder, { recursive: true }));

const own = Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address));

describe('a place off this host', () => {
  it.each(['collector.example.com', '203.0.113.7', '[2001:db8::1]'])('is %s', (host) => {
    expect(isOtherHost(host)).toBe(true);
  });

  it.each(['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]', '0.0.0.0', hostname(), ...own])(
    'is not %s',
    (host) => {
      expect(isOtherHost(host)).toBe(false);
    },
  );

  it('is told of sinks by their addresses, of directories by their file system, and of a bucket', async () => {
    const bucket = { endpoint: 'https://s3.example.com', region: 'x', bucket: 'audit', retain: '1y' };
    const sinks = await offHostSinks({
      sinks: [
        { type: 'http', id: 'there', url: 'https://collector.example.com/{size}' },
        { type: 'http', id: 'here', url: 'http://127.0.0.1:9/{size}' },
        // The disk of this machine, and one that is not there.
        { type: 'file', id: 'disk', directory: folder },
        { type: 'file', id: 'gone', directory: join(folder, 'gone') },
      ],
      retention: { object_lock: { ...bucket, access_key_id: 'a', secret_access_key: 'b' } },
    });
    expect(sinks).toEqual(['there', 's3:audit']);
    expect(await offHostSinks({})).toEqual([]);
  });
});
