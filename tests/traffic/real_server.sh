# What a server of these tests needs, once for all of them: real_server.sh NAME NUMBER FIRST LAST
#
# It serves, all at the same time: 10.20.0.NUMBER and fd20::NUMBER, whose answers go back through the director (NAT);
# 10.20.0.1NUMBER and fd20::1NUMBER, whose answers take the shortest way (source NAT);
# the VIPs 10.10.0.FIRST to LAST and fd10::FIRST to LAST, which nobody else sees (direct routing, tunnels);
# every tunnel on 10.20.0.NUMBER and fd20::NUMBER, and gre with checksums on 10.20.0.2NUMBER and fd20::2NUMBER.
set -eu
name=$1 number=$2 first=$3 last=$4
four=10.20.0.$number six=fd20::$number

# Kernel parameters first, so that no VIP is ever told to a neighbour.
modprobe -a ipip ip6_tunnel sit fou fou6 ip_gre sctp; modprobe ip6_gre || true
sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > "$file"; done

sctp="--sctp $four --sctp $six"
for vip in $(seq "$first" "$last"); do
  ip address replace "10.10.0.$vip/32" dev lo
  ip address replace "fd10::$vip/128" dev lo nodad
  sctp="$sctp --sctp 10.10.0.$vip --sctp fd10::$vip"
done
for prefix in 1 2; do
  ip address replace "10.20.0.$prefix$number/24" dev eth2
  ip address replace "fd20::$prefix$number/64" dev eth2 nodad
done

# The client is a neighbour, so the way back through a director is said by the address that answers.
ip route replace default via 10.20.0.254 table 100
ip -6 route replace default via fd20::254 table 100
ip rule add from "$four" table 100
ip -6 rule add from "$six" table 100

# The devices that the modules bring along take what comes from anywhere; but ip6tnl0 wants IPv6 within, and gre0 and
# ip6gre0 no checksum.
ip link set tunl0 up
ip link set sit0 up
ip link set gre0 up
ip link set ip6gre0 up || true
ip link add any6 type ip6tnl mode any local "$six" remote any
ip link add gre4 type gre local "10.20.0.2$number" remote any icsum
ip link add gre6 type ip6gre local "fd20::2$number" remote any icsum || true
ip link set any6 up
ip link set gre4 up
ip link set gre6 up || true
ip fou add port 6080 gue
ip -6 fou add port 6080 gue
for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > "$file"; done

systemd-run --quiet --unit traffic python3 /share/traffic/server.py "$name" \
  --http 8050 --http 8100 --http 8101 --tls /root/certificate.pem $sctp
for attempt in $(seq 100); do
  ss -Hltn 'sport = 80' | grep -q . && exit 0
  sleep 0.1
done
systemctl status traffic
exit 1
