# Says what earlier runs of the role wrote on this host, what of that is no longer in force, and the kernel parameters
# as they are. Reads only.  usage: sh -s BATCH_FILE SYSCTL_FILE BEFORE_FILE UNIT_FILE

in_force() {
  case $1 in
    link) ip -o link show dev "$3" up ;;
    address) ip -o address show dev "$5" to "$3" ;;
    route) case $5 in *:*) ip -6 route show default via "$5" ;; *) ip -4 route show default via "$5" ;; esac ;;
  esac
}

sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce net.ipv4.conf.all.rp_filter | sed 's/^/now-sysctl /'
if [ -e "$1" ]; then
  while read -r line; do
    echo "had-ip $line"
    # shellcheck disable=SC2086 # the line is split into words on purpose
    [ -n "$(in_force $line)" ] || echo "lost-ip $line"
  done < "$1"
fi
if [ -e "$2" ]; then sed -n 's/^net/had-sysctl net/p' "$2"; fi
if [ -e "$3" ]; then sed -n 's/^net/before-sysctl net/p' "$3"; fi
if [ -e "$4" ]; then echo unit; fi
