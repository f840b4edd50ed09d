# The shim of one instance: starts its program, waits for it, and tells how it ended.  keep DIRECTORY NUMBER [KEY]
#
# The spawner reads this once, and each shim is a fork of it: a hundred of them share most of their memory, and none is
# loaded. With sockets it is a process of its own, sh shim.sh DIRECTORY NUMBER KEY. Its name is rh:WORKER/NUMBER (ps -o comm).
# KEY names the listening sockets that it was given by sockets.pl, as descriptors 7, 8, …, for its programs to inherit.
# DIRECTORY has the FIFOs `control`, `life`, `out` and `err`. All of them are held open here for reading and writing, so
# that what is written waits for whoever reads next, and no program ever meets a broken pipe.
#   control  go NUMBER GENERATION · end NUMBER
#   life     shim NUMBER PID START [KEY] · exit GENERATION STATUS, and what launch.GENERATION says; at its end the shim is gone
#   pid.G    PID START BOOT TOKEN NUMBER . made by launch.G, by whom a generation is claimed
#   exit.G   STATUS .
# Builtins only: a start costs the processes of the program and no other. The whole of it is read before it runs.

keep() {
  cd -- "$1" || exit 1
  number=$2 sockets=$3 worker=${1%/*}
  name_self "rh:${worker##*/}/${1##*/}"
  # Not '': what is ignored here would be ignored by the program. An interrupted `read` is begun anew.
  trap : HUP INT TERM
  exec 3<>control 4<>life 5<>out 6<>err
  read -r boot < /proc/sys/kernel/random/boot_id
  read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ < /proc/self/stat
  # Where there are sockets this process has claimed the number before it made them.
  if [ -z "$sockets" ]; then
    # O_EXCL: of two shims with one number the second ends here.
    set -C
    echo "$pid $start $boot ." > "shim.$number" || exit 1
    set +C
  fi
  echo "shim $number $pid $start $sockets" >&4
  while :; do
    read -r verb to generation <&3 || continue
    [ "$to" = "$number" ] || continue
    case $verb in
      go) run ;;
      end) exit 0 ;;
    esac
  done
}

# What ps and top call this process; the kernel keeps 15 bytes.
name_self() {
  { printf %s "$1" > /proc/self/comm; } 2>/dev/null
}

run() {
  [ -e "launch.$generation" ] && [ ! -e "pid.$generation" ] || return
  # In the foreground: POSIX has a shell ignore SIGINT and SIGQUIT for what it runs behind. Without a redirection, so that
  # what this shell tells of signals (`Killed`) is not in the output of the program: the launch takes 5 and 6 for its own.
  # The spawner had both ignored for the shim, as POSIX has it for what runs behind.
  env --default-signal=INT,QUIT setsid /bin/sh "$PWD/launch.$generation" "$number"
  status=$?
  owner=
  { read -r _ _ _ _ owner _ < "pid.$generation"; } 2>/dev/null
  [ "$owner" = "$number" ] || return
  { echo "$status ." > "exit.$generation"; } 2>/dev/null
  echo "exit $generation $status" >&4
}

[ "${0##*/}" != shim.sh ] || keep "$@"
