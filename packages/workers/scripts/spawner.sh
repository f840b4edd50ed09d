# The spawner: forks shims for a master that would fork slowly, and keeps the log daemon.  sh spawner.sh RUN NUMBER SHIM
#
# RUN/spawner/NUMBER has the FIFOs `control`, read here, and `life`, which ends with the spawner. The master that starts it
# gives it `control` as standard input: if it dies before anything is said, the end of it is seen. Commands:
#   shim INSTANCE NUMBER [KEY]   starts a shim; by way of sockets.pl, beside it, where it has sockets
#   log                          starts the keeper of the log daemon, which runs RUN/spawner/log.sh again and again
#   reap                         gives up the entries of shims that have ended
#   end                          ends the log daemon and the spawner
# Without a master and without a shim it ends by itself. The whole of it is read before it runs.

serve() {
  root=$1 own=$1/spawner/$2 shim=$3
  . "$shim"
  name_self rh-spawner
  trap : HUP INT TERM
  exec 4<&0 </dev/null 5<>"$own/life"
  echo ready >&5
  while :; do
    # At the end of it the master is gone.
    while read -r verb first second key <&4; do
      case $verb in
        shim) become_shim "$root/workers/$first" "$second" "$key" & ;;
        log)
          exec 7<>"$root/spawner/log"
          keep_log_daemon &
          exec 7>&- ;;
        reap) jobs >/dev/null ;;
        end) end_log_daemon; exit 0 ;;
      esac
    done
    has_shims || { end_log_daemon; exit 0; }
    # Waits until another master has it open. The one from before is open until then: whoever comes finds that somebody reads.
    until command exec 4<"$own/control"; do [ -p "$own/control" ] || exit 0; done
  done
}

# In a fork.  become_shim DIRECTORY NUMBER KEY
become_shim() {
  # By exec: a redirection of the function would keep copies of both open.
  exec </dev/null 4<&- 5>&-
  [ -z "$3" ] || exec perl "${shim%/*}/sockets.pl" "$shim" "$3" "$1" "$2"
  keep "$1" "$2"
}

# The daemon inherits FIFO 7, RUN/spawner/log: it ends when neither of the two is left.
keep_log_daemon() {
  exec </dev/null 4<&- 5>&-
  name_self rh-log-keeper
  trap 'end_child' TERM
  read -r pid _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ < /proc/self/stat
  { echo "$pid $start ." > "$root/spawner/log.pid"; } 2>/dev/null
  tenths=1
  # Until the run directory is removed.
  while [ -e "$root/spawner/log.sh" ]; do
    read -r before _ < /proc/uptime
    sh "$root/spawner/log.sh" & child=$!
    wait "$child"
    read -r after _ < /proc/uptime
    [ $((${after%.*} - ${before%.*})) -lt 10 ] || tenths=1
    sleep "$((tenths / 10)).$((tenths % 10))" 7>&- & child=$!
    wait "$child"
    tenths=$((tenths * 2))
    [ "$tenths" -le 50 ] || tenths=50
  done
}

end_child() {
  kill -TERM "$child" 2>/dev/null
  wait "$child"
  exit 0
}

end_log_daemon() {
  { read -r pid start _ < "$root/spawner/log.pid"; } 2>/dev/null || return
  is_alive "$pid" "$start" && kill -TERM "$pid" 2>/dev/null
}

has_shims() {
  for claim in "$root"/workers/*/*/shim.*; do
    { read -r pid start _ < "$claim"; } 2>/dev/null || continue
    is_alive "$pid" "$start" && return 0
  done
  return 1
}

# Whether the process with this number began at this time, and has not ended.
is_alive() {
  state= since=
  { read -r _ _ state _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ since _ < "/proc/$1/stat"; } 2>/dev/null
  [ "$since" = "$2" ] && [ "$state" != Z ] && [ "$state" != X ]
}

serve "$@"
