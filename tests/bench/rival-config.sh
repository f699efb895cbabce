#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rival-config.sh ROOT BOOT: delivers BOOT/config.json and the connections beside it into ROOT, to the same
# files as `anteroot apply` does, in the manner of balenaOS' services: one jq for each key, then cat and mv.
# It trusts what it reads, and writes each time. Written for this comparison.
set -eu
umask 022
root=$1
boot=$2
config=$boot/config.json

value() {
	jq -r "$1 | select(. != null)" "$config"
}

# place PATH MODE: standard input becomes the file, whole or not at all.
place() {
	mkdir -p "$root${1%/*}"
	cat >"$root$1.new"
	chmod "$2" "$root$1.new"
	mv "$root$1.new" "$root$1"
}

deliver_hostname() {
	name=$(value .hostname)
	[ -n "$name" ] || name=$(value .uuid | cut -c 1-7)
	[ -z "$name" ] || echo "$name" | place /etc/hostname 644
}

deliver_rules() {
	for name in $(value '.os.udevRules | keys[]'); do
		text=$(jq -r --arg name "$name" '.os.udevRules[$name]' "$config")
		printf '%s\n' "$text" | place "/etc/udev/rules.d/$name.rules" 644
	done
}

deliver_ssh_keys() {
	home=$(sed -n 's/^root:[^:]*:[^:]*:[^:]*:[^:]*:\([^:]*\):.*/\1/p' "$root/etc/passwd")
	keys=$(value '.os.sshKeys[]')
	mkdir -p "$root$home/.ssh"
	chmod 700 "$root$home/.ssh"
	echo "$keys" | place "$home/.ssh/authorized_keys_local" 600
}

deliver_journal() {
	[ "$(value .persistentLogging)" = true ] || return 0
	mkdir -p "$root/var/log/journal"
	chmod 2755 "$root/var/log/journal"
}

deliver_country() {
	country=$(value .country)
	[ -n "$country" ] || return 0
	place /run/modprobe.d/zz-anteroot-country.conf 644 <<-END
		# Written by anteroot: config.json has this country.
		options cfg80211 ieee80211_regdom=$country
	END
}

deliver_servers() {
	mkdir -p "$root/run/chrony"
	chmod 750 "$root/run/chrony"
	for server in $(value .ntpServers); do
		echo "pool $server iburst minpoll 14 maxpoll 14 maxsources 1"
	done | place /run/chrony/added_config.sources 644
	for server in $(value .dnsServers); do
		echo "server=$server"
	done | place /run/dnsmasq.servers 644
}

network_text() {
	echo "# Written by anteroot: os.network of config.json."
	case $(value .os.network.wifi.randomMacAddressScan) in
	true) printf '[device]\nwifi.scan-rand-mac-address=yes\n' ;;
	false) printf '[device]\nwifi.scan-rand-mac-address=no\n' ;;
	esac
	uri=$(value .os.network.connectivity.uri)
	interval=$(value .os.network.connectivity.interval)
	response=$(value .os.network.connectivity.response)
	if [ -z "$uri" ]; then
		api=$(value .apiEndpoint)
		uri=${api:+$api/connectivity-check}
	fi
	[ -z "$uri" ] ||
		printf '[connectivity]\nuri=%s\ninterval=%s\nresponse=%s\n' "$uri" "${interval:-3600}" "$response"
}

deliver_network() {
	network_text | place /etc/NetworkManager/conf.d/os-networkmanager.conf 600
	for file in "$boot"/system-connections/*; do
		place "/etc/NetworkManager/system-connections/${file##*/}" 600 <"$file"
	done
}

bundle_text() {
	sed '/^# anteroot: balenaRootCA begins$/,/^# anteroot: balenaRootCA ends$/d' \
		"$root/etc/ssl/certs/ca-certificates.crt"
	echo "# anteroot: balenaRootCA begins"
	echo "$1"
	echo "# anteroot: balenaRootCA ends"
}

deliver_root_ca() {
	pem=$(value .balenaRootCA | base64 -d)
	hash=$(echo "$pem" | openssl x509 -noout -hash)
	echo "$pem" | place "/etc/ssl/certs/$hash.0" 644
	bundle_text "$pem" | place /etc/ssl/certs/ca-certificates.crt 644
}

deliver_hostname
deliver_rules
deliver_ssh_keys
deliver_journal
deliver_country
deliver_servers
deliver_network
deliver_root_ca
