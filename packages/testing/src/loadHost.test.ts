import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LoadHost, type LoadResult } from './loadHost.ts';
import { screenStream } from './loadScreens.ts';
import { startPeer } from './peerProcess.ts';
import { openS3270, s3270Available } from './s3270.ts';
import { joinBytes, splitRecords } from './trace.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** What a client answers to each step of the host, by what has come since its last answer. */
const ANSWERS: ReadonlyArray<readonly [wanted: Buffer, answer: Buffer]> = [
  [hex('fffd18'), hex('fffb18')],
  [hex('fffa1801fff0'), hex('fffa1800 49424d2d333237382d32 fff0')],
  [hex('fffb00'), hex('fffb19 fffd19 fffb00 fffd00')],
  [hex('fffd06'), hex('fffc06')],
  [hex('6effef'), hex('60 5d7f ffef')],
];

/** A client that can do just this dialogue; resolves with all that the host sent. */
function talk(port: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    const all: Buffer[] = [];
    let pending = Buffer.alloc(0);
    let step = 0;
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      all.push(chunk);
      pending = Buffer.concat([pending, chunk]);
      const [wanted, answer] = ANSWERS[step] ?? [];
      if (wanted === undefined || answer === undefined || !pending.includes(wanted)) return;
      pending = Buffer.alloc(0);
      step++;
      if (step < ANSWERS.length) socket.write(answer);
      else socket.end(answer, () => resolve(Buffer.concat(all)));
    });
  });
}

describe('LoadHost', () => {
  it('negotiates, draws a screen, sends the load, and ends with Read Modified All', async () => {
    await using host = new LoadHost({ kind: 'dense', screens: 103 });
    const sent = await talk(await host.listen());
    const negotiation = hex('fffd18 fffa1801fff0 fffd19fffb19fffd00fffb00');
    expect(sent.subarray(0, negotiation.length)).toEqual(negotiation);
    const numbers = [...Array.from({ length: 100 }, (_, index) => index + 1), 1, 2, 3];
    expect(
      Buffer.compare(
        sent.subarray(negotiation.length),
        joinBytes([
          screenStream('form', 0),
          hex('fffd06'),
          ...numbers.map((n) => screenStream('dense', n)),
          hex('6effef'),
        ]),
      ),
    ).toBe(0);
    const [result] = await host.finished;
    expect(result).toMatchObject({ client: 0, kind: 'dense', screens: 103, bytes: 103 * 1927, inbound: '605d7f' });
    expect(splitRecords(sent)).toHaveLength(1 + 103 + 1);
  });

  it('serves as many clients as it was told, and reports each as it finishes', async () => {
    const seen: LoadResult[] = [];
    await using host = new LoadHost({ kind: 'form', screens: 2, clients: 2, onResult: (result) => seen.push(result) });
    const port = await host.listen();
    await Promise.all([talk(port), talk(port)]);
    const results = await host.finished;
    expect(results.map(({ client }) => client).sort((a, b) => a - b)).toEqual([0, 1]);
    expect(seen).toEqual(results);
    await expect(talk(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('fails when a client leaves before its end', async () => {
    await using host = new LoadHost({ kind: 'ext', screens: 1 });
    const socket = connect(await host.listen(), '127.0.0.1');
    socket.once('data', () => socket.end());
    await expect(host.finished).rejects.toThrow('closed the connection');
  });

  it('closes under a client, and twice', async () => {
    const host = new LoadHost({ kind: 'ext', screens: 1 });
    const socket = connect(await host.listen(), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('data', resolve));
    await host.close();
    await host.close();
    await closed;
    await expect(host.finished).rejects.toThrow('closed');
  });

  it.skipIf(!s3270Available())('is understood by the reference emulator', async () => {
    await using host = new LoadHost({ kind: 'ext', screens: 50 });
    const port = await host.listen();
    await using emulator = await openS3270({ args: ['-model', '3279-2'] });
    await emulator.run(`Connect(127.0.0.1:${port})`);
    const [result] = await host.finished;
    expect(result).toMatchObject({ screens: 50, bytes: 50 * 2596, inbound: expect.stringMatching(/^60/) });
    expect((await emulator.run('Ascii(0,0,8)')).join()).toBe(' WORD050');
  });
});

describe('the load host process', () => {
  const program = fileURLToPath(new URL('./loadHostProcess.ts', import.meta.url));

  it('prints its port and the results', async () => {
    await using host = await startPeer(process.execPath, ['--conditions=source', program, '0', 'form', '3']);
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      host.onOutput((text) => {
        lines.push(...text.split('\n').filter((line) => line !== ''));
        if (lines.length === 1) talk(JSON.parse(lines[0] as string).port).catch(reject);
        else resolve();
      });
    });
    expect(JSON.parse(lines[1] as string)).toMatchObject({ client: 0, kind: 'form', screens: 3, bytes: 3 * 1037 });
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  it('refuses a kind that there is none of', async () => {
    const host = await startPeer(process.execPath, ['--conditions=source', program, '0', 'plain', '3']);
    expect(await host.exited).toEqual({ code: 2, signal: null });
    expect(host.output).toContain('usage:');
  });
});
