import { createCertificateAuthority, openS3270, type S3270, s3270Available } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHost, startDemoHost } from './demoHost.ts';

/** The reference emulator at the demonstration host. */
describe.skipIf(!s3270Available())('the demonstration host, seen by s3270', () => {
  let host: DemoHost;

  beforeAll(async () => {
    host = await startDemoHost({ port: 0, name: 'DEMO HOST A' });
  });

  afterAll(() => host.close());

  const connect = async (model: string, prefix = ''): Promise<S3270> => {
    const emulator = await openS3270({ args: ['-utf8', '-model', model] });
    await emulator.run(`Connect("${prefix}127.0.0.1:${host.port}")`);
    await emulator.run('Wait(10,InputField)');
    return emulator;
  };

  const press = async (emulator: S3270, ...actions: string[]): Promise<string[]> => {
    for (const action of actions) await emulator.run(action);
    await emulator.run('Wait(10,Unlock)');
    return emulator.run('Ascii()');
  };

  const logOn = (emulator: S3270): Promise<string[]> =>
    press(emulator, 'String(joe)', 'Tab()', 'String(demo)', 'Enter()');

  it('takes a person through every screen', async () => {
    await using emulator = await connect('3279-2');
    expect(await emulator.run('Query(BindPluName)')).toEqual(['RHBANK']);
    expect((await emulator.run('Ascii()'))[0]).toMatch(/LOGON +FIRST ROUNDHOUSE BANK +DEMO HOST A$/);
    const wrong = await press(emulator, 'String(joe)', 'Tab()', 'String(guess)', 'Enter()');
    expect(wrong[22]).toContain('PASSWORD NOT VALID');
    expect(wrong.join()).not.toContain('guess');
    expect(await press(emulator, 'String(demo)', 'Enter()')).toContainEqual(expect.stringContaining('OPTION ==>'));

    await press(emulator, 'String(1)', 'Enter()');
    expect((await press(emulator, 'String(10001007)', 'Enter()'))[6]).toContain('ABBOTT, GRACE');
    expect((await press(emulator, 'EraseEOF()', 'String(1)', 'Enter()'))[22]).toContain('NO SUCH ACCOUNT');

    await press(emulator, 'PF(3)', 'String(2)', 'Enter()', 'Wait(10,Unlock)', 'String(10001014)', 'Enter()');
    const bad = await press(emulator, 'EraseEOF()', 'String(99999)', 'Enter()');
    expect(bad[22]).toContain('CREDIT LIMIT: AT MOST 50000');
    expect(emulator.status).toMatchObject({ cursorRow: 11, cursorColumn: 28 });
    expect((await press(emulator, 'EraseEOF()', 'String(1200)', 'Enter()'))[1]).toContain('CONFIRM');
    expect((await press(emulator, 'PF(5)'))[22]).toContain('ACCOUNT 10001014 UPDATED');

    await press(emulator, 'PF(3)', 'String(3)', 'Enter()');
    expect((await press(emulator, 'PF(8)'))[1]).toContain('18-34 OF 120');

    await press(emulator, 'PF(3)', 'String(4)', 'Enter()');
    expect((await emulator.run('Ascii()'))[4]).toMatch(/BLUE +REVERSE +┌─+┐/);
    const buffer = (await emulator.run('ReadBuffer(Ascii)')).join(' ');
    for (const color of ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7']) expect(buffer).toContain(`42=${color}`);
    for (const highlight of ['f1', 'f2', 'f4', 'f8']) expect(buffer).toContain(`41=${highlight}`);
    expect(buffer).toContain('SA(42=');

    await press(emulator, 'PF(3)', 'String(5)', 'Enter()');
    // Else s3270 itself waits for the unlock before it answers.
    await emulator.run('Set(aidWait,false)');
    await emulator.run('Enter()');
    expect(emulator.status?.keyboard).toBe('locked');
    await emulator.run('Set(aidWait,true)');
    await emulator.run('Wait(10,Unlock)');
    expect((await emulator.run('Ascii()'))[22]).toContain('TRANSACTION COMPLETE');

    await press(emulator, 'PF(3)');
    await emulator.run('String(6)');
    await emulator.run('Enter()');
    await emulator.run('Wait(10,Disconnect)');
    expect((await emulator.run('Ascii()'))[12]).toContain('YOUR SESSION HAS ENDED.');
  });

  it.each([
    ['3278-2', 24, 80, 17],
    ['3278-3', 32, 80, 25],
    ['3279-4', 43, 80, 36],
    ['3279-5', 27, 132, 20],
  ])('fills a %s with TN3270E and without', async (model, rows, columns, capacity) => {
    for (const [prefix, state] of [
      ['', 'connected-tn3270e'],
      ['N:', 'connected-3270'],
    ] as const) {
      await using emulator = await connect(model, prefix);
      expect(await emulator.run('Query(ConnectionState)')).toEqual([state]);
      await logOn(emulator);
      const list = await press(emulator, 'String(3)', 'Enter()');
      expect(emulator.status).toMatchObject({ rows, columns });
      expect(list[1]?.trimEnd().endsWith(`1-${capacity} OF 120`)).toBe(true);
      expect(list[1]?.trimEnd()).toHaveLength(columns);
    }
  });

  it('asks an oversize terminal for its size', async () => {
    await using emulator = await openS3270({ args: ['-model', '3279-4', '-oversize', '160x60'] });
    await emulator.run(`Connect(127.0.0.1:${host.port})`);
    await emulator.run('Wait(10,InputField)');
    await logOn(emulator);
    expect((await press(emulator, 'String(3)', 'Enter()'))[1]).toContain('1-53 OF 120');
  });

  it.each(['', 'N:'])('gives LUs by name and from the pool, and none twice (%s)', async (prefix) => {
    await using first = await connect('3279-2', `${prefix}DEMO0001@`);
    expect((await first.run('Ascii()'))[13]).toContain('DEMO0001');
    await using second = await connect('3279-2', `${prefix}DEMO0001,DEMO0002@`);
    expect((await second.run('Ascii()'))[13]).toContain('DEMO0002');
    await using third = await connect('3279-2', `${prefix}DEMOPOOL@`);
    expect((await third.run('Ascii()'))[13]).toContain('DPOL0001');
    await expect(connect('3279-2', `${prefix}DEMO0001@`)).rejects.toMatchObject({ code: 'PEER_REFUSED' });
    await expect(connect('3279-2', `${prefix}NOSUCH@`)).rejects.toMatchObject({ code: 'PEER_REFUSED' });
  });
});

describe.skipIf(!s3270Available())('TLS, seen by s3270', () => {
  const authority = createCertificateAuthority();
  const material = authority.issue();

  it.each([
    ['from the first byte', { tls: material }, 'L:'],
    ['by STARTTLS', { startTls: material }, ''],
  ])('carries a session %s', async (_, security, prefix) => {
    await using host = await startDemoHost({ port: 0, name: 'SECURE', ...security });
    await using emulator = await openS3270({ args: ['-model', '3279-2', '-noverifycert'] });
    await emulator.run(`Connect(${prefix}127.0.0.1:${host.port})`);
    await emulator.run('Wait(10,InputField)');
    expect((await emulator.run('Query(TLS)'))[0]).toMatch(/^secure/);
    expect((await emulator.run('Ascii()'))[0]).toContain('SECURE');
  });
});
