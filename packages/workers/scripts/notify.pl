# Takes what programs made for systemd send to NOTIFY_SOCKET, for all instances: Node has no Unix datagram sockets.
#   perl notify.pl DIRECTORY
#
# DIRECTORY/control is a FIFO, made here. Commands, with fields between tabs:
#   open SOCKET NAME ID   takes what is sent to SOCKET from now on; DIRECTORY/NAME begins empty. Once for each ID
#   drop SOCKET NAME      gives both up
# DIRECTORY/NAME has the latest of READY=1, RELOADING=1 and STOPPING=1, as sd_notify(3) names them.
# Ends when it has no socket any more, or its directory is gone.
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock);
use POSIX ();
use Socket;

my ($directory) = @ARGV;
my $control = "$directory/control";
my %open;    # socket path => [handle, name, id]

# One at a time.
sysopen(my $lock, "$directory/lock", O_RDWR | O_CREAT, 0600) or die "lock: $!\n";
flock($lock, LOCK_EX | LOCK_NB) or exit 0;
-p $control or POSIX::mkfifo($control, 0600) or die "control: $!\n";
# Open for writing too: it does not end with the last writer.
sysopen(my $commands, $control, O_RDWR) or die "control: $!\n";
# The program may run as another user, and its directory says who may come. No chmod behind bind: there may be a link then.
umask(0);
$SIG{$_} = 'IGNORE' for qw(HUP INT PIPE);

sub keep {
    my ($name, $state) = @_;
    my $path = "$directory/$name";
    sysopen(my $file, "$path.new", O_WRONLY | O_CREAT | O_TRUNC, 0600) or return;
    syswrite($file, $state);
    close($file);
    rename("$path.new", $path);
}

sub drop {
    my ($path) = @_;
    my $entry = delete $open{$path} or return;
    close($entry->[0]);
    unlink($path);
}

sub take {
    my ($path, $name, $id) = @_;
    return if $open{$path} && $open{$path}[2] eq $id;
    drop($path);
    # One that an earlier process has left.
    unlink($path) if -S $path;
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or return;
    bind($socket, pack_sockaddr_un($path)) or return;
    $open{$path} = [$socket, $name, $id];
    keep($name, '');
}

my $buffer = '';
my $had = 0;
while (!$had || %open) {
    my $wanted = '';
    vec($wanted, fileno($_), 1) = 1 for $commands, map { $_->[0] } values %open;
    my $found = select(my $ready = $wanted, undef, undef, 10);
    last unless -p $control;
    next if $found <= 0;
    if (vec($ready, fileno($commands), 1)) {
        sysread($commands, $buffer, 65536, length $buffer);
        while ($buffer =~ s/^([^\n]*)\n//) {
            my ($verb, $path, $name, $id) = split /\t/, $1;
            next unless defined $name && $name =~ m{^[^/]+$};
            $had = 1;
            take($path, $name, $id) if $verb eq 'open' && defined $id;
            if ($verb eq 'drop') { drop($path); unlink("$directory/$name") }
        }
        # Sockets may have come and gone: those that are ready are asked for anew.
        next;
    }
    for my $entry (values %open) {
        my ($socket, $name) = @$entry;
        next unless vec($ready, fileno($socket), 1);
        next unless defined recv($socket, my $message, 65536, 0);
        for my $line (split /\n/, $message) {
            keep($name, $line) if $line =~ /^(READY|RELOADING|STOPPING)=1$/;
        }
    }
}
