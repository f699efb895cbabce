# What everything is built from: source packages of Debian bookworm with their security patches,
# klibc and the kernel's headers (the point release's, which stay in the archive).
# Each can be set on make's command line.
SUITE                  ?= bookworm
UTIL_LINUX_VERSION     ?= 2.38.1-5+deb12u3
KMOD_VERSION           ?= 30+20221128-1
CJSON_VERSION          ?= 1.7.15-1+deb12u4
KLIBC_VERSION          ?= 2.0.12-1
LINUX_HEADERS_VERSION  ?= 6.1.176-1
