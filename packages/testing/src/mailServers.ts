import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority } from './certificate.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort } from './port.ts';

/** Whoever owns the mailboxes: `nobody` of Debian. */
const OWNER = 65_534;
const HOST = '127.0.0.1';
/** Who has a mailbox there. */
export const MAIL_USER = { user: 'anna', password: 'hunter2' };

/** Where Debian has them, which is on the path of the superuser alone. */
const command = (name: string): string => (isInstalled(name) ? name : `/usr/sbin/${name}`);

export const mailServersAvailable = (): boolean =>
  process.getuid?.() === 0 &&
  [command('postfix'), command('dovecot')].every((path) => existsSync(path) || isInstalled(path));

/** A running Dovecot: POP3 and IMAP, each over TLS and with STARTTLS, and the log-ins of Postfix. Whoever started it closes it. */
export interface Dovecot extends AsyncDisposable {
  /** Of POP3. */
  readonly port: number;
  readonly tlsPort: number;
  readonly imapPort: number;
  readonly imapTlsPort: number;
  readonly ca: string;
  readonly folder: string;
  /** Maildir of `anna`. */
  readonly maildir: string;
  /** Lets Dovecot read what was put into the mailbox. */
  readonly handOver: () => Promise<void>;
  /** Where Postfix asks who may log in. */
  readonly authSocket: string;
}

export async function startDovecot(): Promise<Dovecot> {
  const folder = await makeFolder('dovecot');
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [imapPort, imapTlsPort] = [await freePort(), await freePort()];
  const ca = await writeCertificate(folder);
  const maildir = join(folder, 'mail', MAIL_USER.user);
  for (const name of ['run', 'state', 'mail', 'mail/anna', 'mail/anna/new', 'mail/anna/cur', 'mail/anna/tmp']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await writeFile(
    join(folder, 'users'),
    `${MAIL_USER.user}:{PLAIN}${MAIL_USER.password}:${OWNER}:${OWNER}::${maildir}\n`,
  );
  await writeFile(
    join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = pop3 imap
listen = ${HOST}
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
auth_mechanisms = plain login cram-md5 apop
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:%h
pop3_no_flag_updates = yes
default_login_user = dovenull
default_internal_user = dovecot
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
service anvil {
  chroot =
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = ${port}
  }
  inet_listener pop3s {
    port = ${tlsPort}
    ssl = yes
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = ${imapTlsPort}
    ssl = yes
  }
}
service auth {
  unix_listener ${folder}/auth {
    mode = 0666
  }
}
`,
  );
  const handOver = async (): Promise<void> => {
    await chown(maildir, OWNER, OWNER);
    for (const name of await readdir(maildir)) {
      await chown(join(maildir, name), OWNER, OWNER);
      if (!['new', 'cur', 'tmp'].includes(name)) continue;
      for (const file of await readdir(join(maildir, name))) await chown(join(maildir, name, file), OWNER, OWNER);
    }
  };
  await handOver();
  const peer = await startPeer(command('dovecot'), ['-F', '-c', join(folder, 'dovecot.conf')]);
  await answers(port, peer, folder);
  return {
    port,
    tlsPort,
    imapPort,
    imapTlsPort,
    ca,
    folder,
    maildir,
    handOver,
    authSocket: join(folder, 'auth'),
    [Symbol.asyncDispose]: async () => {
      await peer.close(5_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A running Postfix that delivers what it is sent for `anna@example.com` to a Maildir. Whoever started it closes it. */
export interface Postfix extends AsyncDisposable {
  /** With STARTTLS. */
  readonly port: number;
  readonly tlsPort: number;
  readonly ca: string;
  readonly maxBytes: number;
  /** What has been delivered, whole files. */
  readonly delivered: () => Promise<readonly Buffer[]>;
  readonly log: () => Promise<string>;
}

export async function startPostfix(authSocket: string): Promise<Postfix> {
  const folder = await makeFolder('postfix');
  const [port, tlsPort] = [await freePort(), await freePort()];
  const ca = await writeCertificate(folder);
  const conf = join(folder, 'conf');
  const maxBytes = 300_000;
  for (const name of ['conf', 'queue', 'data', 'mail']) await mkdir(join(folder, name));
  await cp('/etc/postfix/dynamicmaps.cf', join(conf, 'dynamicmaps.cf')).catch(() => {});
  await chown(join(folder, 'data'), await userId('postfix'), 0);
  await chown(join(folder, 'mail'), OWNER, OWNER);
  await writeFile(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = /var/log/roundhouse-postfix-${port}.log
myhostname = mx.example.com
mydestination =
inet_interfaces = ${HOST}
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:no relay
virtual_mailbox_domains = example.com
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = inline:{{anna@example.com=anna/}}
virtual_uid_maps = static:${OWNER}
virtual_gid_maps = static:${OWNER}
virtual_minimum_uid = 1
message_size_limit = ${maxBytes}
smtputf8_enable = yes
smtpd_tls_cert_file = ${folder}/cert.pem
smtpd_tls_key_file = ${folder}/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${authSocket}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
`,
  );
  const service = (line: string): string => line.replaceAll(' ', '\t');
  const unix = [
    'cleanup 0 cleanup',
    'rewrite - trivial-rewrite',
    'bounce 0 bounce',
    'defer 0 bounce',
    'trace 0 bounce',
  ];
  await writeFile(
    join(conf, 'master.cf'),
    [
      `${HOST}:${port} inet n - n - - smtpd`,
      `${HOST}:${tlsPort} inet n - n - - smtpd`,
      `  -o smtpd_tls_wrappermode=yes`,
      'qmgr unix n - n 300 1 qmgr',
      'tlsmgr unix - - n 1000? 1 tlsmgr',
      'pickup unix n - n 60 1 pickup',
      'proxymap unix - - n - - proxymap',
      'error unix - - n - - error',
      'retry unix - - n - - error',
      'virtual unix - n n - - virtual',
      'anvil unix - - n - 1 anvil',
      'showq unix n - n - - showq',
      'flush unix n - n 1000? 0 flush',
      'verify unix - - n - 1 verify',
      'scache unix - - n - 1 scache',
      'postlog unix-dgram n - n - 1 postlogd',
      ...unix.map((each) => {
        const [name = '', most = '', program = ''] = each.split(' ');
        return `${name} unix ${name === 'cleanup' ? 'n' : '-'} - n - ${most} ${program}`;
      }),
      '',
    ]
      .map((line) => (line.startsWith('  ') ? line : service(line)))
      .join('\n'),
  );
  const logFile = `/var/log/roundhouse-postfix-${port}.log`;
  const peer = await startPeer(command('postfix'), ['-c', conf, 'start-fg']);
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const close = async (): Promise<void> => {
    const stop = await startPeer(command('postfix'), ['-c', conf, 'stop']);
    await stop.exited;
    await peer.close(5_000);
    await rm(folder, { recursive: true, force: true });
    await rm(logFile, { force: true });
  };
  try {
    await answers(port, peer, folder, log);
  } catch (error) {
    await close();
    throw error;
  }
  const box = join(folder, 'mail', 'anna', 'new');
  return {
    port,
    tlsPort,
    ca,
    maxBytes,
    log,
    delivered: async () => {
      const names = await readdir(box).catch(() => []);
      return Promise.all(names.map((name) => readFile(join(box, name))));
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Polls; the process under it may be slow. */
export async function eventually<T>(read: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function makeFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `roundhouse-${name}-`));
  await chmod(folder, 0o755);
  return folder;
}

async function writeCertificate(folder: string): Promise<string> {
  const authority = createCertificateAuthority('Mail CA');
  const { cert, key } = authority.issue();
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  return authority.cert;
}

async function userId(name: string): Promise<number> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith(`${name}:`));
  return Number(line?.split(':')[2]);
}

async function answers(port: number, peer: PeerProcess, folder: string, log?: () => Promise<string>): Promise<void> {
  try {
    await eventually(async () => {
      if (peer.exit !== undefined) throw peer.failure('it ended before it answered');
      return (await greets(port)) ? true : undefined;
    }, 'the first answer');
  } catch (error) {
    const said = await log?.();
    peer.kill();
    await peer.exited;
    await rm(folder, { recursive: true, force: true });
    throw said === undefined ? error : new Error(`${String(error)}\n${said}`);
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('close', () => resolve(false));
    socket.on('error', () => {});
  });
}
