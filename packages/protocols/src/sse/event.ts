/** An event as it is sent. */
export interface ServerEvent {
  /** Default `message`. One line. */
  readonly event?: string;
  /** Text; lines stay lines. */
  readonly data: string;
  /** By it a client goes on where it was cut. One line, without NUL. */
  readonly id?: string;
}

/** An event that has been received. */
export interface ReceivedEvent {
  readonly event: string;
  readonly data: string;
  /** Of this event, or of the last one before it that had one; empty for none. */
  readonly lastEventId: string;
}

/** What stands between events. */
export const HEARTBEAT = ':\n\n';

/**
 * An event in text/event-stream (HTML Standard §9.2.5). A name or id that would break its line loses what does; an id
 * with NUL is left out, since clients ignore it.
 */
export function formatEvent({ event, data, id }: ServerEvent): string {
  const lines: string[] = [];
  if (event !== undefined) lines.push(`event: ${oneLine(event)}`);
  if (id !== undefined && !id.includes('\0')) lines.push(`id: ${oneLine(id)}`);
  for (const line of data.split(/\r\n|\r|\n/)) lines.push(`data: ${line}`);
  return `${lines.join('\n')}\n\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
