#!/bin/sh
# Installs what the tests need from Debian and is not here yet. Says what it does; does nothing when all is there.
#
#	tools/deps.sh test     C compiler, PostgreSQL, Chromium and fonts, Node, readers of QR codes and PDF
#	tools/deps.sh run      Node, which builds the cabinet's pages
#	tools/deps.sh packages Node, C compilers with libusb for every processor that Linux packages are made for, and what makes and signs an MSI
#	tools/deps.sh powercut QEMU, a static busybox, ext4 tools
#	tools/deps.sh usb-vm   QEMU, a static busybox, xz, a C compiler and libusb
set -eu

missing=
need() { # need <package>... when the test in $want fails
	eval "$want" >/dev/null 2>&1 || missing="$missing $*"
}

if [ "${1:-test}" = packages ]; then
	want='command -v node && command -v npm' need nodejs npm
	want='command -v wixl' need wixl
	want='command -v msibuild' need msitools
	want='command -v osslsigncode' need osslsigncode
	want='command -v gcc' need gcc libc6-dev
	want='command -v pkg-config' need pkg-config
	want='ls /usr/lib/x86_64-linux-gnu/pkgconfig/libusb-1.0.pc' need libusb-1.0-0-dev
	want='command -v aarch64-linux-gnu-gcc && ls /usr/aarch64-linux-gnu/include/stdio.h' need gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	want='command -v arm-linux-gnueabihf-gcc && ls /usr/arm-linux-gnueabihf/include/stdio.h' need gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
	want='ls /usr/lib/aarch64-linux-gnu/pkgconfig/libusb-1.0.pc' need libusb-1.0-0-dev:arm64
	want='ls /usr/lib/arm-linux-gnueabihf/pkgconfig/libusb-1.0.pc' need libusb-1.0-0-dev:armhf
elif [ "${1:-test}" = powercut ]; then
	want='command -v qemu-system-x86_64' need qemu-system-x86
	want='ls /usr/share/doc/busybox-static' need busybox-static
	want='command -v mkfs.ext4 || ls /sbin/mkfs.ext4' need e2fsprogs
elif [ "${1:-test}" = usb-vm ]; then
	want='command -v qemu-system-x86_64' need qemu-system-x86
	want='ls /usr/share/doc/busybox-static' need busybox-static
	want='command -v xz' need xz-utils
else
	want='command -v node && command -v npm' need nodejs npm
fi
if [ "${1:-test}" = test ] || [ "$1" = usb-vm ]; then
	want='command -v gcc' need gcc libc6-dev # the race detector, and libusb
	want='pkg-config --exists libusb-1.0' need pkg-config libusb-1.0-0-dev
fi
if [ "${1:-test}" = test ]; then
	want='command -v umockdev-wrapper' need umockdev
	want='/usr/bin/python3 -c "import gi; gi.require_version(\"UMockdev\", \"1.0\")"' need python3-gi gir1.2-umockdev-1.0
	want='command -v initdb || ls /usr/lib/postgresql/*/bin/initdb' need postgresql
	want='command -v chromium || command -v google-chrome' need chromium
	want='ls /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf' need fonts-dejavu-core
	want='command -v zbarimg' need zbar-tools # reads QR codes off slips
	want='command -v pdftotext' need poppler-utils
	want='command -v debootstrap' need debootstrap # a Debian that packages are tried in
	want='command -v systemd-nspawn' need systemd-container
	want='command -v rpm' need rpm
	want='command -v wixl' need wixl # packages for Windows, which Wine installs
	want='command -v msibuild' need msitools
	want='command -v osslsigncode' need osslsigncode
	want='command -v openssl' need openssl
	want='ls /usr/lib/wine/wine64' need wine64
	want='command -v libreoffice' need libreoffice-calc-nogui # opens exported tables
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "Please install by hand, this is not Debian:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	command -v sudo >/dev/null 2>&1 || {
		echo "Please install as root: apt-get install$missing" >&2
		exit 1
	}
fi
echo "Installing what the tests need and this machine does not have:$missing" >&2
case $missing in
*:arm64* | *:armhf*) # libraries of other processors lie beside ours
	$sudo dpkg --add-architecture arm64
	$sudo dpkg --add-architecture armhf
	;;
esac
log=$(mktemp)
if ! { $sudo apt-get -o Acquire::Retries=5 update && DEBIAN_FRONTEND=noninteractive $sudo apt-get -o Acquire::Retries=5 install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
rm -f "$log"
