import { describe, expect, it } from 'vitest';
import { ebcdic, ERASE_WRITE, RESTORE, ScriptedHost } from './host.fixture.ts';
import { terminalSession } from './session.ts';

describe('terminalSession', () => {
  it('tells what became of a stroke', async () => {
    await using host = new ScriptedHost();
    await host.negotiate();
    await host.sendRecord(ERASE_WRITE, RESTORE, `1d40131d60${ebcdic('X')}`);
    const session = terminalSession(host.session);
    expect(session.type('中')).toBe('unmappable');
    expect(session.type('a')).toBe('refused');
    expect(session.lockReason).toBe('protected');
    expect(session.press('Reset')).toBe('taken');
    expect(session.press('Enter')).toBe('taken');
    expect(session.press('Enter')).toBe('taken');
    expect(session.typedAhead).toBe(1);
  });

  it('refuses every stroke when the session has ended', async () => {
    await using host = new ScriptedHost();
    await host.negotiate();
    const session = terminalSession(host.session);
    await host.hangUp();
    expect([session.type('a'), session.press('Enter')]).toEqual(['refused', 'refused']);
    expect(session.connectionState).toBe('not-connected');
  });
});
