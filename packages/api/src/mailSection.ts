import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { filePathSchema, listenerTlsSchema } from './listenerTls.ts';
import { addressRangeSchema } from './principal.ts';
import { hostSchema } from './session.ts';

const DOMAIN = String.raw`[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9\u0080-\uffff.-]*[A-Za-z0-9\u0080-\uffff])?`;

/** Mail that is received, kept, and told as events. */
export const mailSectionSchema = lazyObject(() => ({
  host: hostSchema.optional().meta({ description: 'Address to listen on. Default 127.0.0.1.' }),
  port: z.int().min(0).max(65_535).meta({ description: '0 for any free port.' }),
  allow_remote: z.boolean().optional().meta({ description: 'Must be true for an address other than loopback.' }),
  allow_plain: z.boolean().optional().meta({
    description: 'Must be true to listen beyond loopback without `tls` and without `start_tls`.',
  }),
  hostname: z
    .string()
    .max(255)
    .regex(new RegExp(`^${DOMAIN}$`), 'Expected the name of a host')
    .optional()
    .meta({ description: 'What it calls itself. Default: the name of the machine.' }),
  tls: listenerTlsSchema.optional().meta({ description: 'TLS from the first byte.' }),
  start_tls: listenerTlsSchema.optional().meta({ description: 'STARTTLS is offered.' }),
  require_tls: z.boolean().optional().meta({ description: 'Take no mail in the clear. Default false.' }),
  accept: z
    .array(
      z
        .string()
        .max(320)
        .regex(new RegExp(String.raw`^(?:[^\s@<>]+@)?${DOMAIN}$`), 'Expected a domain, or an address'),
    )
    .min(1)
    .max(1_000)
    .meta({ description: 'Domains and single addresses that mail is taken for.', examples: [['alerts.example.com']] }),
  allow_from: z.array(addressRangeSchema).min(1).max(256).optional().meta({
    description: 'Networks that mail is taken from. Default: loopback.',
  }),
  keep: z.enum(['maildir', 'store', 'none']).optional().meta({
    description:
      '`maildir`: each message is a file of a Maildir (default). `store`: it is in the store, and read through the API. `none`: the event alone.',
  }),
  directory: filePathSchema.optional().meta({ description: 'The Maildir. Default `mail/box` in the data directory.' }),
  max_kept: z.int().min(1).max(10_000_000).optional().meta({
    description: 'Messages that are kept; more are refused for now, until some are removed. Default 10,000.',
  }),
  max_kept_bytes: z.int().min(1_024).max(1_099_511_627_776).optional().meta({
    description:
      'Bytes that are kept; more are refused for now, until some are removed. Default 1,073,741,824 in the store, without a bound in a Maildir.',
  }),
  max_age_days: z.int().min(1).max(36_500).optional().meta({
    description: 'How long messages are kept in the store. Default 30.',
  }),
  max_message_bytes: z.int().min(1_024).max(1_073_741_824).optional().meta({ description: 'Default 26,214,400.' }),
  max_recipients: z.int().min(1).max(100).optional().meta({ description: 'Of one message. Default 100.' }),
  max_connections: z.int().min(1).max(100_000).optional().meta({ description: 'Default 100.' }),
  max_per_address: z.int().min(1).max(100_000).optional().meta({
    description: 'Connections of one address at a time. Default 20.',
  }),
}));
