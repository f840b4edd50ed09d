#!/usr/bin/env bash
# Installs the foreign programs that the tests and the bench speak to, from Debian. Skips what is there.
set -euo pipefail

declare -A purpose=(
  [s3270]="scripted 3270 terminal: the reference client of our hosts"
  [c3270]="3270 terminal for people: what a user of the front door runs"
  [hercules]="mainframe emulator: a real host console for our sessions"
  [openssl]="certificates of the TLS tests"
  [tmux]="a terminal that a test can drive"
  [postgresql]="a database server that the store keeps its data in"
  [slapd]="a directory server that people are authenticated by"
  [ldap-utils]="its tools"
  [python3-grpcio]="gRPC of others, both ends: calls, the worker contract and health"
  [protobuf-compiler]="reads the worker contract and makes descriptors as others do"
  [supervisor]="supervisord: what the bench compares the supervisor with"
  [prometheus]="reads our metrics; promtool checks our rules"
  [curl]="HTTP and mail client of others"
  [nghttp2-client]="HTTP/2 client of others, with h2load"
  [nghttp2-server]="HTTP/2 server of others"
  [nginx-light]="web server and proxy in front of ours"
  [haproxy]="proxy in front of ours"
  [caddy]="web server and proxy in front of ours"
  [microsocks]="SOCKS proxy of others"
  [tinyproxy-bin]="HTTP proxy of others"
  [python3-websockets]="WebSocket of others, both ends"
  [bind9]="name server of others"
  [bind9-dnsutils]="dig"
  [knot]="name server of others"
  [knot-dnsutils]="kdig: DNS over TLS and HTTPS"
  [unbound]="resolver of others"
  [dnsmasq-base]="small name server of others"
  [dnsperf]="load for name servers"
  [postfix]="mail server of others"
  [dovecot-imapd]="mailbox server of others, with dovecot-pop3d"
  [dovecot-pop3d]="mailbox server of others"
  [swaks]="SMTP client of others"
  [libnet-ssleay-perl]="TLS of swaks"
  [libdigest-hmac-perl]="CRAM-MD5 of swaks"
  [chromium]="web browser: HTTP, events and WebSockets as people's programs speak them"
)
order=(s3270 c3270 hercules openssl tmux postgresql slapd ldap-utils prometheus python3-grpcio protobuf-compiler supervisor
  curl nghttp2-client nghttp2-server nginx-light haproxy caddy microsocks tinyproxy-bin python3-websockets
  bind9 bind9-dnsutils knot knot-dnsutils unbound dnsmasq-base dnsperf postfix dovecot-imapd dovecot-pop3d swaks
  libnet-ssleay-perl libdigest-hmac-perl chromium)

if ! command -v dpkg-query >/dev/null; then
  echo "peers: this is not a Debian system. Install these yourself: ${order[*]}" >&2
  exit 1
fi

missing=()
for package in "${order[@]}"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "peers: installing from Debian, for the tests:" >&2
for package in "${missing[@]}"; do
  echo "  $package: ${purpose[$package]}" >&2
done

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || ! sudo --non-interactive true 2>/dev/null; then
    echo "peers: that needs root, and sudo is not allowed without a password here. Run: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo --non-interactive)
fi

# The tests start servers of their own, on free ports: none is to be started, or a cluster made, by being installed.
policy=/usr/sbin/policy-rc.d
keep_quiet() {
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
  fi
  if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
}

install_missing() {
  keep_quiet
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
    "${missing[@]}" >&2
}

knows_all() {
  apt-cache show --no-all-versions "${missing[@]}" >/dev/null 2>&1
}

# The package lists are fetched only when they are not there, or when they name files that the mirror no longer has.
if ! { knows_all && install_missing; }; then
  if ! { "${as_root[@]}" apt-get update --quiet >&2 && install_missing; }; then
    echo "peers: Debian's packages could not be installed. Are its mirrors reachable? Missing: ${missing[*]}" >&2
    exit 1
  fi
fi
