import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { mailError } from './errors.ts';

/**
 * Keeps a folder for this process. The lock is a name in the abstract namespace of Unix sockets (unix(7)): the kernel
 * gives it to one, and takes it back when the process ends in whatever way; there is no file that could be left behind.
 * Rejects with MAIL_QUEUE_IN_USE.
 */
export async function lockFolder(directory: string): Promise<AsyncDisposable> {
  const digest = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  // Who connects is let go: the name is all there is.
  const server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE' ? mailError('MAIL_QUEUE_IN_USE', { details: { directory }, cause }) : cause);
    });
    server.listen({ path: `\0roundhouse-mailQueue-${digest}` }, resolve);
  });
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
