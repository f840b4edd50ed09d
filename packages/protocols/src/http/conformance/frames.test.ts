import { readRecord, suiteTests } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { RECORDS } from '../../conformance.fixture.ts';
import { text } from '../message.ts';
import {
  FLAG,
  frame,
  framesIn,
  GET,
  literals,
  PREFACE,
  setting,
  START,
  TYPE,
  uint32,
  verdictOf,
} from './frames.fixture.ts';
import { SUITES } from './frames.suite.fixture.ts';
import { rawWorld } from './raw.fixture.ts';

const { END_STREAM, END_HEADERS } = FLAG;
const request = (stream: number, flags: number = END_STREAM | END_HEADERS): Buffer =>
  frame(TYPE.HEADERS, flags, stream, literals(...GET));

describe.each(SUITES)('$title', (suite) => {
  for (const { title, run } of suiteTests(suite, readRecord(RECORDS, suite.name))) it(title, run);
});

describe('a server of HTTP/2 ends a connection that begins with', () => {
  it('a preface that is none, and one without SETTINGS', async () => {
    using world = await rawWorld(() => text('x'), { h2c: true });
    const wrong = await world.connect();
    await wrong.send(Buffer.concat([PREFACE.subarray(0, 20), Buffer.from('XXXX')]));
    expect(wrong.isClosed).toBe(true);
    const bare = await world.connect();
    await bare.send(Buffer.concat([PREFACE, request(1)]));
    expect(bare.isClosed).toBe(true);
  });
});

describe('a server of HTTP/2 meets its limit, and serves others, in', () => {
  const flood = async (make: (index: number) => Buffer, count: number) => {
    const world = await rawWorld(() => text('x'), { h2c: true });
    const [hostile, good] = [await world.connect(), await world.connect()];
    await hostile.send(START);
    for (let at = 0; at < count && !hostile.isClosed; at += 100) {
      await hostile.send(Buffer.concat(Array.from({ length: 100 }, (_, index) => make(at + index))));
    }
    await good.send(Buffer.concat([START, request(1)]));
    const isServed = framesIn(good.received).some(({ type }) => type === TYPE.HEADERS);
    const outcome = { isClosed: hostile.isClosed, isServed, verdict: verdictOf(framesIn(hostile.received)) };
    world[Symbol.dispose]();
    return outcome;
  };

  it('streams that are opened and reset (CVE-2023-44487)', async () => {
    const make = (index: number) =>
      Buffer.concat([request(1 + 2 * index), frame(TYPE.RST, 0, 1 + 2 * index, uint32(8))]);
    expect(await flood(make, 2_000)).toMatchObject({ isClosed: true, isServed: true });
  });

  it('settings without an end', async () => {
    const many = frame(TYPE.SETTINGS, 0, 0, Buffer.concat(Array.from({ length: 100 }, () => setting(3, 1))));
    expect(await flood(() => many, 100)).toMatchObject({ isClosed: true, isServed: true });
  });

  it('fields that go on for ever (CVE-2024-27316)', async () => {
    const make = (index: number) =>
      index === 0 ? request(1, END_STREAM) : frame(TYPE.CONTINUATION, 0, 1, literals(['x-a', 'b'.repeat(100)]));
    expect(await flood(make, 2_000)).toMatchObject({ isClosed: true, isServed: true });
  });
});
