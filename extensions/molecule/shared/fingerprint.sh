# usage: sh -s remember|compare
# What check mode must leave alone: files, kernel modules, kernel parameters of the network, addresses, routes, packages.
# compare prints the differences since remember and fails when there are any.
set -eu
before=/run/fingerprint

fingerprint() {
  sort /proc/modules | cut -d ' ' -f 1
  sysctl -a --pattern '^net\.ipv[46]\.(conf|vs|ip_forward|ip_nonlocal_bind)'
  ip -o address show
  ip route show
  ip -6 route show
  dpkg-query -W
}

case $1 in
  remember)
    fingerprint > "$before"
    ;;
  compare)
    fingerprint | diff "$before" -
    # Ansible's own scratch directories and the journal are written by any connection.
    written=$(find /etc /usr /lib /var /root /home /opt /srv -xdev -newer "$before" \( -type f -o -type l \) \
      ! -path '/root/.ansible/*' ! -path '/var/log/*' ! -path '/var/tmp/*')
    [ -z "$written" ] || { echo "$written"; exit 1; }
    ;;
esac
