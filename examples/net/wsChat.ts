/** A chat: what one says, all hear. `node wsChat.ts [PORT]`, then open two clients, e.g. `roundhouse net ws ws://127.0.0.1:8080/`. */
import { serveWebSocket, type WebSocketConnection } from '@roundhouse/protocols/websocket';

const people = new Map<WebSocketConnection, string>();

async function tellAll(text: string): Promise<void> {
  // One who does not read, or has left meanwhile, is no reason that the others hear nothing.
  await Promise.allSettled([...people.keys()].map((person) => person.send(text, person.scope)));
}

const server = await serveWebSocket({ port: Number(process.argv[2] ?? 8080), origins: 'any' }, async (connection) => {
  const name = `guest ${connection.peer}`;
  people.set(connection, name);
  try {
    await tellAll(`${name} is here`);
    for await (const message of connection) if (typeof message === 'string') await tellAll(`${name}: ${message}`);
  } finally {
    people.delete(connection);
    await tellAll(`${name} has left`);
  }
});
process.stdout.write(`chat on ws://127.0.0.1:${server.port}/\n`);

process.once('SIGINT', () => void server.drain());
process.once('SIGTERM', () => void server.drain());
