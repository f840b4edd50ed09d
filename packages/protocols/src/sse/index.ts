export type { ReceivedEvent, ServerEvent } from './event.ts';
export { eventSource, type EventSourceOptions } from './eventSource.ts';
export { eventStream, type EventStreamOptions } from './eventStream.ts';
export { createEventFeed, type EventFeed, type EventFeedOptions } from './feed.ts';
export { EventStreamParser, type EventStreamItem } from './parser.ts';
