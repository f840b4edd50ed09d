export * from './assert.ts';
export * from './clock.ts';
export * from './error.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './log.ts';
export * from './machine.ts';
export * from './scope.ts';
