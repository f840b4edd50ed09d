import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { herculesAvailable, startHercules } from './hercules.ts';
import { openS3270, s3270Available } from './s3270.ts';

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe.skipIf(!herculesAvailable())('Hercules', () => {
  it('refuses a number of devices that it cannot have', async () => {
    await expect(startHercules({ devices: 0 })).rejects.toThrow(RangeError);
  });

  it('is gone after kill, and leaves nothing after close', async () => {
    const hercules = await startHercules();
    expect(await isListening(hercules.port)).toBe(true);
    hercules.kill();
    await hercules.close();
    await hercules.close();
    expect(await isListening(hercules.port)).toBe(false);
    expect(existsSync(`/proc/${hercules.pid}`)).toBe(false);
  });

  it.skipIf(!s3270Available())('shows its logo to as many displays as it has devices', async () => {
    await using hercules = await startHercules({ devices: 1 });
    await using first = await openS3270({ args: ['-model', '3279-2'] });
    await first.run(`Connect(${hercules.host}:${hercules.port})`);
    await first.run('Wait(5,Unlock)');
    expect((await first.run('Ascii()')).join('\n')).toMatch(/Device number\s+: 0700/);
    expect(first.status).toMatchObject({ mode: 'I', formatted: true });
    await using second = await openS3270({ args: ['-model', '3279-2'] });
    await second.run(`Connect(${hercules.host}:${hercules.port})`);
    await second.run('Wait(5,Output)');
    expect((await second.run('Ascii()')).join('\n')).toMatch(/rejected, no available 3270 device/);
  });
});
