import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { blockList, refusal } from './addressRule.ts';
import { checkedAddresses, checkUrl } from './guard.ts';

const PUBLIC_ONLY = { allowPrivate: false, allowed: blockList([]) };
const PRIVATE_TOO = { allowPrivate: true, allowed: blockList([]) };

describe('addresses', () => {
  it.each([
    ['93.184.215.14', undefined],
    ['2606:2800:21f:cb07:6820:80da:af6b:8b2c', undefined],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', undefined],
    ['192.168.1.1', 'private'],
    ['fec0::1', 'private'],
    ['100.64.0.1', 'shared'],
    ['100.128.0.1', undefined],
    ['169.254.1.1', 'link_local'],
    ['fe80::1', 'link_local'],
    ['fe80::1%eth0', 'link_local'],
    ['169.254.169.254', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd12:3456::1', 'unique_local'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['192.0.0.1', 'reserved'],
    ['192.0.2.1', 'documentation'],
    ['2001:db8::1', 'documentation'],
    ['198.18.0.1', 'benchmarking'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['0:0:0:0:0:ffff:0a00:0001', 'private'],
    ['::ffff:93.184.215.14', undefined],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::169.254.169.254', 'metadata'],
    ['64:ff9b::5db8:d70e', undefined],
    ['64:ff9b:1::1', 'embedded'],
    ['::127.0.0.1', 'embedded'],
    ['2002:7f00:1::', 'embedded'],
    ['2001:0:7f00:1::', 'embedded'],
    ['100::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['127.1', 'not_an_address'],
    ['2130706433', 'not_an_address'],
    ['', 'not_an_address'],
  ])('%s: %s', (address, rule) => {
    expect(refusal(address, PUBLIC_ONLY)).toBe(rule);
  });

  it.each([
    ['127.0.0.1', undefined],
    ['::ffff:10.1.2.3', undefined],
    ['100.64.0.1', undefined],
    ['fd12::1', undefined],
    ['169.254.7.7', undefined],
    ['169.254.169.254', 'metadata'],
    ['198.18.0.1', 'benchmarking'],
    ['2002:7f00:1::', 'embedded'],
    ['224.0.0.1', 'multicast'],
    ['0.0.0.0', 'unspecified'],
  ])('with private ones allowed, %s: %s', (address, rule) => {
    expect(refusal(address, PRIVATE_TOO)).toBe(rule);
  });

  it('are opened by ranges of the operator, and by no more than these', () => {
    const policy = {
      allowPrivate: false,
      allowed: blockList(['10.1.0.0/16', 'fd00:1::/32', '198.18.0.7', '0.0.0.0/0']),
    };
    const narrow = { allowPrivate: false, allowed: blockList(['10.1.0.0/16', 'fd00:1::/32', '198.18.0.7']) };
    expect(['10.1.255.1', '::ffff:10.1.0.1', 'fd00:1::5', '198.18.0.7'].map((each) => refusal(each, narrow))).toEqual(
      Array.from({ length: 4 }),
    );
    expect(['10.2.0.1', 'fd00:2::5', '198.18.0.8'].map((each) => refusal(each, narrow))).toEqual([
      'private',
      'unique_local',
      'benchmarking',
    ]);
    expect(['224.0.0.1', '0.0.0.0', '255.255.255.255'].map((each) => refusal(each, policy))).toEqual([
      'multicast',
      'unspecified',
      'broadcast',
    ]);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/x', 'localhost', '10.0.0.0/8/8', '::/129', ''])('%s is not a range', (range) => {
    expect(() => blockList([range])).toThrowError(expect.objectContaining({ code: 'WEBHOOK_RANGE_INVALID' }));
  });
});

describe('URLs', () => {
  it.each([
    ['https://example.com/hook', null],
    ['http://example.com/hook', 'http needs "allow_private"'],
    ['ftp://example.com', 'only https and http are spoken'],
    ['file:///etc/passwd', 'only https and http are spoken'],
    ['https://user@example.com', 'a URL must not hold credentials'],
    ['https://:pass@example.com', 'a URL must not hold credentials'],
    ['https://127.0.0.1/', 'loopback'],
    ['https://0x7f.1/', 'loopback'],
    ['https://2130706433/', 'loopback'],
    ['https://0177.0.0.1/', 'loopback'],
    ['https://127.1/', 'loopback'],
    ['https://①②⑦.0.0.1/', 'loopback'],
    ['https://[::1]/', 'loopback'],
    ['https://[::ffff:169.254.169.254]/', 'metadata'],
    ['https://0/', 'unspecified'],
    ['not a url', 'it is not a URL'],
  ])('%s: %s', (url, rule) => {
    if (rule === null) expect(checkUrl(url, PUBLIC_ONLY).href).toBe(url);
    else {
      expect(() => checkUrl(url, PUBLIC_ONLY)).toThrowError(
        expect.objectContaining({ code: 'WEBHOOK_URL_FORBIDDEN', details: expect.objectContaining({ rule }) }),
      );
    }
  });

  it('never shows the credentials of a URL that it refuses', () => {
    expect(() => checkUrl('https://joe:hunter2@example.com', PUBLIC_ONLY)).toThrowError(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

describe('names', () => {
  const check = async (answers: readonly string[] | Error) => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const resolve = async () => {
      if (answers instanceof Error) throw answers;
      return answers;
    };
    return await checkedAddresses(new URL('https://hooks.example/'), PUBLIC_ONLY, resolve, scope);
  };

  it('give all their addresses', async () => {
    expect(await check(['93.184.215.14', '2606::1'])).toEqual(['93.184.215.14', '2606::1']);
  });

  it('are refused for one bad address among good ones', async () => {
    await expect(check(['93.184.215.14', '::ffff:10.0.0.1'])).rejects.toMatchObject({
      code: 'WEBHOOK_URL_FORBIDDEN',
      details: { rule: 'private', address: '::ffff:10.0.0.1' },
    });
  });

  it.each([[[]], [Object.assign(new Error('no'), { code: 'ENOTFOUND' })]])(
    'without an address are unresolved',
    async (answers) => {
      await expect(check(answers)).rejects.toMatchObject({ code: 'RECEIVER_UNRESOLVED' });
    },
  );
});
