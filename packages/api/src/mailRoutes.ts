import { mailListSchema, mailParamsSchema, mailQuerySchema, mailSchema } from './mail.ts';
import type { Route } from './routes.ts';

const JSON_TYPE = 'application/json';

/** What is asked of mail that the store keeps. */
export const MAIL_ROUTES = {
  listMail: {
    method: 'GET',
    path: '/api/v1/mail',
    permission: { verb: 'list', kind: 'mail' },
    summary: 'List messages that were received and are kept in the store, newest first',
    query: mailQuerySchema,
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: mailListSchema } },
    problems: ['CURSOR_INVALID'],
  },
  getMail: {
    method: 'GET',
    path: '/api/v1/mail/{id}',
    permission: { verb: 'get', kind: 'mail' },
    summary: 'Show a message without its text',
    params: mailParamsSchema,
    success: { status: 200, description: 'The message.', content: { [JSON_TYPE]: mailSchema } },
    problems: ['MAIL_NOT_FOUND'],
  },
  getMailText: {
    method: 'GET',
    path: '/api/v1/mail/{id}/text',
    permission: { verb: 'read', kind: 'mail' },
    summary: 'The text of a message, headers and body, as it came',
    params: mailParamsSchema,
    success: { status: 200, description: 'Lines end with CRLF.', content: { 'message/rfc822': 'text' } },
    problems: ['MAIL_NOT_FOUND'],
  },
  deleteMail: {
    method: 'DELETE',
    path: '/api/v1/mail/{id}',
    permission: { verb: 'delete', kind: 'mail' },
    summary: 'Remove a message',
    params: mailParamsSchema,
    success: { status: 204, description: 'It is gone.' },
    problems: ['MAIL_NOT_FOUND'],
  },
} as const satisfies Readonly<Record<string, Route>>;
