import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { LIMITS } from './limits.ts';
import { hostSchema } from './session.ts';
import { URL_PROBE_SCHEMES } from './vocabulary.ts';

/** These have no port of their own. */
const WITH_PORT = ['tcp', 'tls', 'grpc'] as const;

const HOST = String.raw`(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:[\]]+)`;
const PORT = String.raw`:\d{1,5}`;
const withoutPort = URL_PROBE_SCHEMES.filter((scheme) => !WITH_PORT.some((each) => each === scheme));
const oneOf = (schemes: readonly string[]): string =>
  schemes.map((scheme) => scheme.replaceAll('+', String.raw`\+`)).join('|');
/** User names have no place in it: a probe logs in nowhere. */
const FORM = new RegExp(
  `^(?:(?:${oneOf(WITH_PORT)})://${HOST}${PORT}|(?:${oneOf(withoutPort)})://${HOST}(?:${PORT})?)(?:[/?#]\\S*)?$`,
);

const addressSchema = z
  .string()
  .max(2_048)
  .regex(
    FORM,
    `Expected SCHEME://HOST:PORT/ with a scheme of ${URL_PROBE_SCHEMES.join(', ')}; ${WITH_PORT.join(', ')} need the port`,
  )
  // Host, port and path of all of them are read as those of HTTP.
  .refine((url) => URL.canParse(url.replace(/^[^:]*/, 'http')), 'Expected a host, and a port up to 65,535')
  .meta({ examples: ['https://mainframe.example:8443/ready', 'smtp://127.0.0.1:2525'] });

const urlProbeFieldsSchema = lazyObject(() => ({
  address: addressSchema,
  verify: z.boolean().optional().meta({
    description: 'Check the certificate and the name. Default: of endpoints yes, of workers no, as in Kubernetes.',
  }),
  server_name: hostSchema.optional().meta({ description: 'To ask for and to check instead of the host.' }),
  ca: z.string().min(1).max(LIMITS.maxPemLength).optional().meta({ description: 'Trusted certificates, PEM.' }),
})).meta({ id: 'UrlProbe' });

/** What a URL names is connected to and asked one harmless thing, by the protocol of its scheme. */
export const urlProbeSchema = z.union([addressSchema, urlProbeFieldsSchema]);

export type UrlProbeInput = z.infer<typeof urlProbeSchema>;
