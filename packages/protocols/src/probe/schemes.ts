import type { Scheme } from './checker.ts';

/** What can be probed. The port of `tcp`, `tls` and `grpc` has to be said: 0 is none. */
export const SCHEMES: Readonly<Record<string, Scheme>> = {
  tcp: { defaultPort: 0, load: async () => (await import('./connection.ts')).checkTcp },
  tls: { defaultPort: 0, load: async () => (await import('./connection.ts')).checkTls },
  http: { defaultPort: 80, load: async () => (await import('./http1.ts')).checkHttp },
  https: { defaultPort: 443, load: async () => (await import('./http1.ts')).checkHttps },
  h2: { defaultPort: 443, load: async () => (await import('./http2.ts')).checkHttp2 },
  h2c: { defaultPort: 80, load: async () => (await import('./http2.ts')).checkHttp2InTheClear },
  ws: { defaultPort: 80, load: async () => (await import('./websocket.ts')).checkWebSocket },
  wss: { defaultPort: 443, load: async () => (await import('./websocket.ts')).checkWebSocket },
  smtp: { defaultPort: 25, load: async () => (await import('./smtp.ts')).checkSmtp },
  smtps: { defaultPort: 465, load: async () => (await import('./smtp.ts')).checkSmtps },
  pop3: { defaultPort: 110, load: async () => (await import('./pop3.ts')).checkPop3 },
  pop3s: { defaultPort: 995, load: async () => (await import('./pop3.ts')).checkPop3s },
  imap: { defaultPort: 143, load: async () => (await import('./imap.ts')).checkImap },
  imaps: { defaultPort: 993, load: async () => (await import('./imap.ts')).checkImaps },
  dns: { defaultPort: 53, load: async () => (await import('./dns.ts')).checkDns },
  'dns+tcp': { defaultPort: 53, load: async () => (await import('./dns.ts')).checkDnsOverTcp },
  dot: { defaultPort: 853, load: async () => (await import('./dns.ts')).checkDnsOverTls },
  doh: { defaultPort: 443, load: async () => (await import('./dns.ts')).checkDnsOverHttps },
  grpc: { defaultPort: 0, load: async () => (await import('./grpc.ts')).checkGrpc },
  grpcs: { defaultPort: 443, load: async () => (await import('./grpc.ts')).checkGrpcs },
};
