import type { CaseSuite, SuiteCase } from '@roundhouse/testing';
import { text } from '../message.ts';
import { DIFFERENCES, FRAME_CASES } from './frameCases.fixture.ts';
import { framesIn, START, statusIn, verdictOf } from './frames.fixture.ts';
import { rawWorld } from './raw.fixture.ts';

async function play(frames: readonly Uint8Array[]): Promise<string> {
  using world = await rawWorld(async ({ method, body }) => text(method + (await body.text())), { h2c: true });
  const client = await world.connect();
  await client.send(Buffer.concat([START, ...frames]));
  const received = framesIn(client.received);
  const verdict = verdictOf(received);
  const isEnd = verdict?.startsWith('the connection') === true;
  const tail = client.isClosed === isEnd ? '' : isEnd ? ', and it stays open' : ', and it is closed';
  return (verdict ?? statusIn(received) ?? 'nothing') + tail;
}

const sourceOf = (section: string): string => `RFC ${section.startsWith('§') ? '9113 ' : ''}${section}`;

function caseOf([title, section, frames, allowed]: (typeof FRAME_CASES)[number]): SuiteCase {
  return { title, source: sourceOf(section), allowed, run: () => play(frames) };
}

const FRAMES: CaseSuite = {
  name: 'http2-frames',
  title: 'HTTP/2 frames',
  about:
    'Frames behind the preface and SETTINGS, as raw bytes, to our server: what is ignored, and which error code ends a stream or the connection (RFC 9113 §7: 1 PROTOCOL_ERROR, 3 FLOW_CONTROL_ERROR, 5 STREAM_CLOSED, 6 FRAME_SIZE_ERROR, 9 COMPRESSION_ERROR).',
  cases: [
    ...FRAME_CASES.map(caseOf),
    ...DIFFERENCES.map(
      ([title, section, frames, allowed, outcome, reason]): SuiteCase => ({
        ...caseOf([title, section, frames, allowed]),
        deviation: { outcome, reason },
      }),
    ),
  ],
};

export const SUITES: readonly CaseSuite[] = [FRAMES];
