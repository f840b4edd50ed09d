import { describe, expect, it } from 'vitest';
import { bearerCheck } from './token.ts';

describe('bearerCheck', () => {
  const isAuthorized = bearerCheck('right-token');

  it.each(['Bearer right-token', 'bearer right-token', 'Bearer   right-token '])('lets %j in', (header) => {
    expect(isAuthorized(header)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer right-toke',
    'Bearer right-token x',
    'right-token',
    'Basic cmlnaHQtdG9rZW4=',
  ])('keeps %j out', (header) => {
    expect(isAuthorized(header)).toBe(false);
  });
});
