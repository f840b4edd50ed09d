import type { LineDestination } from './logger.ts';

/** Lines for people, in colour; what makes them is loaded when a terminal is there to show them. */
export async function prettyDestination(destination: LineDestination): Promise<LineDestination> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'hostname,pid' });
  return { write: (line) => destination.write(pretty(JSON.parse(line) as object)) };
}
