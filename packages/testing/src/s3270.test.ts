import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openS3270, parseS3270Status, s3270Available } from './s3270.ts';

describe('parseS3270Status', () => {
  it('reads a connected emulator', () => {
    expect(parseS3270Status('U F P C(127.0.0.1) I 4 43 80 12 39 0x0 0.001')).toEqual({
      keyboard: 'unlocked',
      formatted: true,
      protected: true,
      host: '127.0.0.1',
      mode: 'I',
      model: 4,
      rows: 43,
      columns: 80,
      cursorRow: 13,
      cursorColumn: 40,
    });
  });

  it('reads one without a connection, and takes nothing else for a status', () => {
    expect(parseS3270Status('L U U N N 2 24 80 0 0 0x0 0.000')).toMatchObject({ keyboard: 'locked', host: null });
    expect(parseS3270Status('ok')).toBeUndefined();
  });
});

describe.skipIf(!s3270Available())('s3270', () => {
  it('runs actions in order and keeps the status of the last', async () => {
    await using emulator = await openS3270({ args: ['-model', '3279-2'] });
    const [cursor, rows] = await Promise.all([emulator.run('Query(Cursor)'), emulator.readBufferEbcdic()]);
    expect(cursor).toEqual(['0 0']);
    expect(rows).toEqual(Array.from({ length: 24 }, () => '00 '.repeat(80).trimEnd()));
    expect(emulator.status).toMatchObject({ keyboard: 'locked', host: null, model: 2, rows: 24, columns: 80 });
  });

  it('rejects an action that s3270 refuses, and goes on', async () => {
    await using emulator = await openS3270();
    await expect(emulator.run('NoSuchAction()')).rejects.toMatchObject({ code: 'PEER_REFUSED' });
    expect(await emulator.run('Query(Cursor)')).toHaveLength(1);
    await expect(emulator.run('Query(Cursor)\nQuit()')).rejects.toThrow('one line');
  });

  it('does not wait beyond the deadline, and leaves no process', async () => {
    // It accepts and says nothing, so that the emulator waits for a screen.
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const emulator = await openS3270({ timeoutMs: 200 });
    await expect(emulator.run(`Connect(127.0.0.1:${port})`)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    // Killed: the next answer would not be known from the late one.
    await expect(emulator.run('Query(Cursor)')).rejects.toMatchObject({ code: 'PEER_FAILED' });
    await emulator.close();
    silent.close();
    expect(() => process.kill(emulator.pid, 0)).toThrow();
  });

  it('rejects what is under way when s3270 ends', async () => {
    await using emulator = await openS3270();
    const waiting = emulator.run('Pause()');
    process.kill(emulator.pid, 'SIGKILL');
    await expect(waiting).rejects.toMatchObject({ code: 'PEER_FAILED' });
  });
});
