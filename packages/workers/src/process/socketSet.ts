import { createHash } from 'node:crypto';
import type { Launch } from './contract.ts';

/** Of Debian's perl-base, which cannot be removed there. */
export const PERL = '/usr/bin/perl';
/** Descriptor of the first, in a shim; those of the others follow. */
const FIRST_HELD = 7;
/** Descriptor of the first, in a program: SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_PASSED = 3;

/** The listening sockets that a shim is to have. */
export interface SocketSet {
  /** The same for the same sockets in the same order. */
  readonly key: string;
  /** As `sockets.pl` reads them. */
  readonly text: string;
}

/** Undefined for none. What a program calls them is not of the set. */
export function socketSetOf({ sockets, umask }: Pick<Launch, 'sockets' | 'umask'>): SocketSet | undefined {
  if (sockets.length === 0) return undefined;
  const fields = sockets.flatMap((socket) =>
    'path' in socket ? ['unix', socket.path, umask.toString(8)] : ['tcp', socket.host, String(socket.port)],
  );
  const text = fields.map((field) => `${field}\0`).join('');
  return { key: createHash('sha256').update(text).digest('hex').slice(0, 16), text };
}

/** What a program finds its sockets by, as sd_listen_fds(3) has it; its shell adds `LISTEN_PID`. */
export function socketEnvironment({ sockets }: Pick<Launch, 'sockets'>): Readonly<Record<string, string>> {
  if (sockets.length === 0) return {};
  return { LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':') };
}

/**
 * Moves the sockets of the shim to where a program expects them and becomes the program: a shell has no descriptors above
 * 9. A program that cannot be run is told to whoever reads descriptor 4, as the shell would. Arguments: MARKER, what to
 * tell, how many sockets, how many NAME=VALUE of the environment follow, those, the command.
 */
const PASS = `
use POSIX ();
my (undef, $told, $count, $variables) = splice @ARGV, 0, 4;
for (splice @ARGV, 0, $variables) { my ($name, $value) = split /=/, $_, 2; $ENV{$name} = $value }
my $spare = ${FIRST_HELD} + $count;
# What has a higher number is closed by exec.
$^F = $spare - 1;
POSIX::dup2(4, $spare);
open my $tell, '>&=', $spare or exit 126;
for (0 .. $count - 1) {
    POSIX::dup2(${FIRST_HELD} + $_, ${FIRST_PASSED} + $_);
    open my $socket, '+<&=', ${FIRST_PASSED} + $_ or exit 126;
    # F_GETFL, F_SETFL: a program before may have made it so, for all who have it.
    fcntl $socket, 4, fcntl($socket, 3, 0) & ~POSIX::O_NONBLOCK();
    push @sockets, $socket;
}
POSIX::close($_) for ${FIRST_PASSED} + $count .. $spare - 1;
exec { $ARGV[0] } @ARGV;
my $status = $! == POSIX::ENOENT() ? 127 : 126;
syswrite $tell, "$told $status \\n";
POSIX::_exit($status);
`;

/** Arguments of what becomes the program; `environment`: what would change how Perl itself begins. */
export function passSockets(
  count: number,
  marker: string,
  told: string,
  environment: readonly (readonly [name: string, value: string])[],
): readonly string[] {
  const variables = environment.map(([name, value]) => `${name}=${value}`);
  return [PERL, '-e', PASS, marker, told, String(count), String(variables.length), ...variables];
}
