# Makes the listening sockets of an instance and becomes its shim, which holds them as descriptors 7, 8, … for its life.
#   perl sockets.pl SHIM KEY DIRECTORY NUMBER
#
# DIRECTORY/sockets.KEY has three fields for each socket, a NUL behind every field:
#   tcp HOST PORT · unix PATH UMASK
# The number is claimed before any socket is made: of two that were started for it the second ends, and never finds an
# address in use that is the first one's. The claim is complete when all sockets are there, or tells why one is not:
#   shim.NUMBER   PID START BOOT sockets KEY . · PID START BOOT refused REASON .
use strict;
use warnings;
use Errno qw(EACCES EADDRINUSE EADDRNOTAVAIL ECONNREFUSED ENOENT);
use Fcntl qw(:DEFAULT :mode F_DUPFD);
use POSIX ();
use Socket qw(:DEFAULT :addrinfo SOCK_STREAM);

# The descriptors of the shim: see shim.sh.
use constant { CONTROL => 3, LIFE => 4, FIRST => 7 };
# Above all that are open meanwhile.
use constant SPARE => 64;
# What waits while no program accepts. The kernel takes no more than net.core.somaxconn.
use constant BACKLOG => 4096;

my ($shim, $key, $directory, $number) = @ARGV;
chdir($directory) or exit 1;
# As the shim has them: whoever has claimed a number is there to be heard.
sysopen(my $control, 'control', O_RDWR) or exit 1;
sysopen(my $life, 'life', O_RDWR) or exit 1;
my @wanted = split /\0/, contents("sockets.$key");
my $boot = contents('/proc/sys/kernel/random/boot_id');
chomp $boot;
my $start = (split ' ', contents('/proc/self/stat') =~ s/^.*\)//sr)[19];
sysopen(my $claim, "shim.$number", O_WRONLY | O_CREAT | O_EXCL, 0600) or exit 1;
tell_claim("$$ $start $boot");

my @sockets;
while (my ($kind, $place, $detail) = splice @wanted, 0, 3) {
    push @sockets, $kind eq 'unix' ? listen_at_path($place, $detail) : listen_at_port($place, $detail);
}
tell_claim(" sockets $key .\n");
# Copies are not closed by exec, and stand where no other is overwritten before it has been moved.
my @copies = map { fcntl($_, F_DUPFD, SPARE) } $control, $life, @sockets;
my @places = (CONTROL, LIFE, map { FIRST + $_ } 0 .. $#sockets);
for (0 .. $#copies) {
    POSIX::dup2($copies[$_], $places[$_]);
    POSIX::close($copies[$_]);
}
exec 'sh', $shim, $directory, $number, $key;
exit 127;

sub listen_at_port {
    my ($host, $port) = @_;
    my $address = $host =~ /:/ ? "[$host]:$port" : "$host:$port";
    my ($fault, $found) = getaddrinfo($host, $port, { socktype => SOCK_STREAM, flags => AI_PASSIVE });
    refuse("there is no address $host: $fault") if $fault;
    socket(my $socket, $found->{family}, SOCK_STREAM, 0) or refuse(reason_of($address));
    # The connections of a program that was do not keep the next from listening.
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($socket, $found->{addr}) && listen($socket, BACKLOG) or refuse(reason_of($address));
    return $socket;
}

sub listen_at_path {
    my ($path, $mask) = @_;
    refuse("$path is longer than 107 bytes") if length $path > 107;
    remove_stale($path);
    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or refuse(reason_of($path));
    my $before = umask(oct $mask);
    bind($socket, pack_sockaddr_un($path)) && listen($socket, BACKLOG) or refuse(reason_of($path));
    umask($before);
    return $socket;
}

# Removes a socket of this user that nobody listens at any more.
sub remove_stale {
    my ($path) = @_;
    my (undef, undef, $mode, undef, $owner) = lstat($path) or return;
    return if !S_ISSOCK($mode) || $owner != $>;
    socket(my $probe, AF_UNIX, SOCK_STREAM, 0) or return;
    unlink($path) if !connect($probe, pack_sockaddr_un($path)) && $! == ECONNREFUSED;
}

sub reason_of {
    my ($address) = @_;
    return "$address is in use already" if $! == EADDRINUSE;
    return "this user may not listen at $address" if $! == EACCES;
    return "$address is no address of this machine" if $! == EADDRNOTAVAIL;
    return "there is no directory for $address" if $! == ENOENT;
    return "it cannot listen at $address: $!";
}

sub refuse {
    my ($reason) = @_;
    tell_claim(' refused ' . ($reason =~ s/\s+/ /gr) . " .\n");
    exit 1;
}

# A disk that is full leaves it incomplete, which says so.
sub tell_claim {
    my ($text) = @_;
    (syswrite($claim, $text) // 0) == length $text or exit 1;
}

sub contents {
    my ($path) = @_;
    open(my $file, '<', $path) or exit 1;
    local $/;
    return scalar <$file>;
}
