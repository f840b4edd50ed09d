import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

export const filePathSchema = z.string().min(1).max(4_096);

export const listenerTlsSchema = lazyObject(() => ({
  cert_file: filePathSchema.meta({ description: 'Certificate chain, PEM. Read again when it changes.' }),
  key_file: filePathSchema.meta({ description: 'Its key, PEM.' }),
  client_ca_file: filePathSchema.optional().meta({ description: 'Who signs the certificates of clients, PEM.' }),
  client_certificates: z
    .enum(['none', 'request', 'require'])
    .optional()
    .meta({ description: 'Default `request` with a `client_ca_file`, else `none`.' }),
  min_version: z.enum(['TLSv1.2', 'TLSv1.3']).optional().meta({ description: 'Default TLSv1.2.' }),
})).meta({ id: 'ListenerTls' });
