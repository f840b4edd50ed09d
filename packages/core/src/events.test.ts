import { describe, expect, it } from 'vitest';
import { Emitter } from './events.ts';

interface Facts {
  readonly opened: number;
  readonly closed: string;
}

describe('Emitter', () => {
  it('calls listeners of the name, in order of subscription', () => {
    const emitter = new Emitter<Facts>();
    const heard: string[] = [];
    emitter.on('opened', (fact) => heard.push(`a${fact}`));
    emitter.on('opened', (fact) => heard.push(`b${fact}`));
    emitter.on('closed', (fact) => heard.push(fact));
    emitter.emit('opened', 1);
    expect(heard).toEqual(['a1', 'b1']);
  });

  it('ends each subscription on its own, also of the same function', () => {
    const emitter = new Emitter<Facts>();
    let calls = 0;
    const listener = (): void => void calls++;
    const leave = emitter.on('opened', listener);
    emitter.on('opened', listener);
    leave();
    leave();
    emitter.emit('opened', 1);
    expect(calls).toBe(1);
    emitter.clear();
    expect(emitter.hasListeners('opened')).toBe(false);
  });

  it('keeps to the listeners there were when it began', () => {
    const emitter = new Emitter<Facts>();
    const heard: string[] = [];
    const leave = emitter.on('opened', () => {
      heard.push('first');
      leave();
      emitter.on('opened', () => heard.push('late'));
    });
    emitter.on('opened', () => heard.push('second'));
    emitter.emit('opened', 1);
    expect(heard).toEqual(['first', 'second']);
  });

  it('goes on behind a listener that throws, and tells where it was', () => {
    const errors: unknown[][] = [];
    const emitter = new Emitter<Facts>((error, name) => errors.push([error, name]));
    const bug = new Error('bug');
    let reached = false;
    emitter.on('closed', () => {
      throw bug;
    });
    emitter.on('closed', () => {
      reached = true;
    });
    emitter.emit('closed', 'x');
    expect(reached).toBe(true);
    expect(errors).toEqual([[bug, 'closed']]);
  });
});
