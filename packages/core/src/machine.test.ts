import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';

const TABLE = { idle: ['busy'], busy: ['idle', 'done'], done: [] } as const;

describe('Machine', () => {
  it('moves along the table and tells each move', () => {
    const moves: string[] = [];
    const machine = new Machine<keyof typeof TABLE>('job', TABLE, 'idle', (from, to) => moves.push(`${from}>${to}`));
    machine.move('busy');
    machine.move('done');
    expect(moves).toEqual(['idle>busy', 'busy>done']);
    expect(machine.isFinal).toBe(true);
  });

  it('refuses a move that is not in the table and stays where it is', () => {
    const machine = new Machine<keyof typeof TABLE>('job', TABLE, 'idle');
    expect(() => machine.move('done')).toThrow(expect.objectContaining({ code: 'ILLEGAL_TRANSITION' }));
    expect(machine.state).toBe('idle');
  });
});
