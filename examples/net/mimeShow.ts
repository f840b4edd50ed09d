/**
 * Shows what a message consists of, as a mail program reads it; hostile ones too, within bounds.
 *
 *   node --conditions=source examples/net/mimeShow.ts FILE.eml
 */
import { readFile } from 'node:fs/promises';
import { isRoundhouseError } from '@roundhouse/core';
import { parseMessage } from '@roundhouse/protocols/mime';

const [file = ''] = process.argv.slice(2);
try {
  const message = await parseMessage(await readFile(file), { maxBytes: 10_000_000, maxDepth: 10 });
  const { from, to, subject, text, html, attachments } = message;
  console.log(`from ${from?.name} <${from?.address}> to ${to.map(({ address }) => address).join(', ')}`);
  console.log(`subject: ${subject}`);
  console.log(`text: ${text?.trim() ?? 'none'}${html === null ? '' : ', and HTML'}`);
  for (const { filename, contentType, content } of attachments) {
    console.log(`attached: ${filename} (${contentType}, ${content.length} bytes)`);
  }
} catch (error) {
  if (!isRoundhouseError(error)) throw error;
  console.log(error.code);
  process.exitCode = 1;
}
