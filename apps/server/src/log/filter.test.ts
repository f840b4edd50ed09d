import { isRoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { parseLogFilter } from './filter.ts';

const MODULES = ['sessions', 'frontDoor', 'store'];

describe('parseLogFilter', () => {
  it.each([
    ['', 'info', {}],
    ['debug', 'debug', {}],
    ['info,sessions:debug,frontDoor:warn', 'info', { sessions: 'debug', frontDoor: 'warn' }],
    [' store : silent , error ,', 'error', { store: 'silent' }],
  ])('reads %j', (text, level, modules) => {
    const filter = parseLogFilter(text, MODULES);
    expect(filter.level).toBe(level);
    expect(Object.fromEntries(filter.modules)).toEqual(modules);
  });

  it.each([
    ['session:debug', /there is no module session; did you mean sessions\?/],
    ['zzz:debug', /there is no module zzz$/],
    ['sessions:debig', /one of debug, info, warn, error, silent; did you mean debug\?/],
    ['sessions', /a module wants a level, like sessions:debug/],
    ['info,debug', /second level/],
    ['store:info,store:warn', /has a level already/],
    ['store:', /a level is one of/],
  ])('refuses %j and says why', (text, message) => {
    try {
      parseLogFilter(text, MODULES);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      expect(error.code).toBe('LOG_FILTER_INVALID');
      expect(error.message).toMatch(message);
      return;
    }
    expect.unreachable();
  });
});
