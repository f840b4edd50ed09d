import type { MailPage, MailQuery, MailResource } from '../mail.ts';
import { ROUTES } from '../routes.ts';
import type { HttpConnection } from './http.ts';

/** What is asked of mail that the store keeps. */
export interface MailCalls {
  /** Newest first. */
  list(query?: MailQuery, signal?: AbortSignal): Promise<MailPage>;
  get(id: string, signal?: AbortSignal): Promise<MailResource>;
  /** The bytes as they come. A text that was cut off is raised. */
  text(id: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
}

export function createMailCalls(http: HttpConnection): MailCalls {
  return {
    list: (query = {}, signal) => http.json(ROUTES.listMail, { query, signal }),
    get: (id, signal) => http.json(ROUTES.getMail, { id, signal }),
    text: (id, signal) => http.stream(ROUTES.getMailText, { id, signal }),
    delete: async (id, signal) => void (await http.text(ROUTES.deleteMail, { id, signal })),
  };
}
