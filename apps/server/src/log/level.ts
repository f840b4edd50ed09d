/** From the most talkative to none; `silent` is for configuration, no line has it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Levels that a line can have. */
export type LineLevel = Exclude<LogLevel, 'silent'>;

/** The numbers that pino writes into lines. */
export const LEVEL_NUMBERS = { debug: 20, info: 30, warn: 40, error: 50, silent: Infinity } as const satisfies Record<
  LogLevel,
  number
>;
