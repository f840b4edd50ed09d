import { Readable } from 'node:stream';
import { DEFAULTS, mailQuerySchema, type MailResource, validateQuery } from '@roundhouse/api';
import type { Mailbox, StoredMail } from '@roundhouse/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mailError } from '../mail/errors.ts';
import type { MailSummary } from '../mail/summary.ts';
import type { Access } from './access.ts';
import type { Cursors } from './cursor.ts';
import { idOf, valid } from './request.ts';

export interface MailRoutesDependencies {
  readonly mailbox: Mailbox;
  readonly access: Access;
  readonly cursors: Cursors;
}

const LIST = { list: 'listMail' };
/** What ids are made of: others are none. */
const ID = /^[\w.-]{1,128}$/;

/** Handlers of the routes about mail that the store keeps, by the names of the route table. */
export function mailRoutes({ mailbox, access, cursors }: MailRoutesDependencies) {
  /** Raises MAIL_NOT_FOUND. */
  async function mailOf(request: FastifyRequest): Promise<StoredMail> {
    const id = idOf(request);
    const found = ID.test(id) ? await mailbox.get(id) : undefined;
    if (found === undefined) throw mailError('MAIL_NOT_FOUND', { details: { message: id } });
    return found;
  }

  return {
    async listMail(request: FastifyRequest, reply: FastifyReply) {
      const query = valid(validateQuery(mailQuerySchema, request.query as Record<string, unknown>));
      const { limit = DEFAULTS.pageSize, cursor } = query;
      const before = cursor === undefined ? {} : { before: cursors.readNumber(LIST, cursor) };
      const found = await mailbox.list({ limit: limit + 1, ...before });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return reply.send({
        items: page.filter(({ id }) => access.allows(request, 'list', 'mail', { id })).map(shown),
        next_cursor: found.length > limit && last !== undefined ? cursors.write(LIST, String(last.number)) : null,
      });
    },

    async getMail(request: FastifyRequest, reply: FastifyReply) {
      return reply.send(shown(await mailOf(request)));
    },

    async getMailText(request: FastifyRequest, reply: FastifyReply) {
      const mail = await mailOf(request);
      void reply
        .type('message/rfc822')
        .header('content-length', mail.bytes)
        .header('content-disposition', `attachment; filename="${mail.id}.eml"`);
      if (request.method === 'HEAD') return reply.send('');
      return reply.send(Readable.from(textOf(mailbox, mail), { objectMode: false }));
    },

    async deleteMail(request: FastifyRequest, reply: FastifyReply) {
      const { id } = await mailOf(request);
      await mailbox.remove(id);
      return reply.code(204).send();
    },
  };
}

/** Piece by piece. Rejects when the message is removed meanwhile: the answer is cut. */
async function* textOf(mailbox: Mailbox, { id, pieces }: StoredMail): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < pieces; piece++) {
    const bytes = await mailbox.read(id, piece);
    if (bytes === undefined) throw mailError('MAIL_NOT_FOUND', { details: { message: id } });
    yield bytes;
  }
}

function shown({ id, keptAt, bytes, summary }: StoredMail): MailResource {
  // Whoever put it there has made the summary.
  const { from, to, header_from, subject, message_id, address, tls } = summary as unknown as MailSummary;
  const kept_at = new Date(keptAt).toISOString();
  return { id, kept_at, text_bytes: bytes, from, to: [...to], header_from, subject, message_id, address, tls };
}
