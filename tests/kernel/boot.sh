# SPDX-License-Identifier: GPL-2.0-or-later
# A machine of its own for tests: what is put into its initramfs, how it boots, what it said.
#
# In this order: machine NAME; program, file, driver as needed; then boot_uml or boot_qemu, which
# ends with report. Every boot has a limit and is repeated once if it does not reach its end.

complaints='BUG:|WARNING:|UBSAN:|INFO: (task|rcu|trying)|Call Trace|unreferenced object'
complaints+='|Kernel panic|rcu_sched|self-detected stall|soft lockup|Oops'

# machine BUILD_DIRECTORY NAME: a new one, without any test.
machine() {
	work=$(mkdir -p "$1" && cd "$1" && pwd)/kernel-$2
	root=$work/root
	rm -rf "$root" "$work/console-first.txt"
	mkdir -p "$root"/{dev,proc,sys,tests,lib/modules}
	: >"$root/order"
	: >"$root/modules"
	compile "$root/init" "$here/guestos/init.c"
}

compile() {
	gcc -std=gnu11 -O1 -g -static -pthread -Wall -Wextra -Wshadow -Werror -I"$project/uapi" \
		-I"$project/lib" -I"$here" -I"$here/guestos" -o "$@"
}

# Rate of the machine's counter, kHz.
rate_khz() {
	compile "$work/rate" "$here/rate.c"
	"$work/rate"
}

# program NAME [SOURCE...]: the next test; guestos/NAME.c unless other sources are named.
program() {
	local name=$1

	shift
	[[ $# != 0 ]] || set -- "$here/guestos/$name.c"
	compile "$root/tests/$name" "$@" "$here/guestos/harness.c"
	echo "$name" >>"$root/order"
}

# daemon_program NAME: one that runs the daemon and holds its page against the truth.
daemon_program() {
	program "$1" "$here"/guestos/{"$1",services,truth}.c \
		"$project"/lib/{reader,wait,page,leap,vmclock_line}.c
}

# The test of 32-bit callers. That they see the same structures, the header's assertions say.
compat_program() {
	echo '#include <linux/vmclock_host.h>' | gcc -m32 -ffreestanding -fsyntax-only -x c \
		-I"$project/uapi" -idirafter "/usr/include/$(gcc -print-multiarch)" - ||
		die "the header does not hold for 32 bits"
	program compat
}

# host_clock_programs KERNEL [MAKE ARGUMENT]...: what the driver makes of the host's own clock. For a
# machine in virtual time: how far the page is from the clock must not depend on who else is busy.
host_clock_programs() {
	test_module timekeeper "$@"
	program host_clock "$here"/guestos/{host_clock,timekeeper}.c
	program ptp_clock "$here"/guestos/{ptp_clock,timekeeper}.c
}

# What the driver is held to on every kernel.
driver_programs() {
	local name

	program device "$here"/device_{test,line}.c
	for name in guest guest_pin guest_many; do
		program "$name" "$here/$name"_test.c "$here"/{guest_make,device_line}.c \
			"$project/lib/vmclock_line.c"
	done
	program vmm_driver "$here"/vmm_driver_test.c "$project/examples/kvm_guest.c"
	program fuzz "$here"/device_{fuzz_main,fuzz,model}.c
	program kmemleak
}

# file SOURCE PATH: anything else, there under this path.
file() {
	mkdir -p "$root/$(dirname "$2")"
	cp -L "$1" "$root/$2"
}

# with_libraries PROGRAM PATH: a dynamic program of this machine, and all that it is linked to.
with_libraries() {
	local library

	file "$1" "$2"
	for library in $(ldd "$1" | grep -o '/[^ ]*'); do
		file "$library" "$library"
	done
}

# driver MODULE [MODULES]: ours, and from a directory of modules what it depends on.
driver() {
	cp "$1" "$root/vmclock_host.ko"
	needed_by "$1" "${2:-}"
}

# kernel_module NAME MODULES: one of the kernel's own, loaded before the tests, and what it needs.
kernel_module() {
	local path

	path=$(find "$2/" -name "$1.ko*" -print -quit)
	[[ -n $path ]] || die "$1 is not in $2"
	xz -dcf "$path" >"$root/lib/modules/$1.ko"
	needed_by "$root/lib/modules/$1.ko" "$2"
	echo "/lib/modules/$1.ko" >>"$root/modules"
}

needed_by() {
	local name path

	for name in $(modinfo -F depends "$1" | tr , ' '); do
		path=$(find "$2/" -name "${name//_/[-_]}.ko*" -print -quit)
		[[ -n $path ]] || die "$name, which $1 needs, is not in $2"
		[[ ! -e $root/lib/modules/$name.ko ]] || continue
		case $path in
		*.xz) xz -dc "$path" >"$root/lib/modules/$name.ko" ;;
		*) cp "$path" "$root/lib/modules/$name.ko" ;;
		esac
		needed_by "$root/lib/modules/$name.ko" "$2"
		echo "/lib/modules/$name.ko" >>"$root/modules"
	done
}

# test_module NAME KERNEL [MAKE ARGUMENT]...: modules/NAME.c, as /modules.test/NAME.ko; not loaded.
test_module() {
	local name=$1 kernel=$2 tree=$work/module-$1

	shift 2
	rm -rf "$tree"
	mkdir -p "$tree"
	cp "$here/modules/$name.c" "$here"/modules/*.h "$tree"
	echo "obj-m := $name.o" >"$tree/Kbuild"
	nice -n 15 make -C "$kernel" M="$tree" W=1 "$@" modules >"$tree/log" 2>&1 || {
		cat "$tree/log" >&2
		die "the module $name does not build"
	}
	file "$tree/$name.ko" "modules.test/$name.ko"
}

initramfs() {
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs.gz"
}

# boot_uml LIMIT_S KERNEL [PARAMETER...]: two processors; its console is the log. Starting the
# second, it complains about itself: what is said before the tests begin does not count.
boot_uml() {
	local limit_s=$1 kernel=$2

	shift 2
	initramfs
	own_complaints=yes
	twice env TMPDIR="$work" timeout -k 5 "$limit_s" nice -n 15 "$kernel" mem=512M ncpus=2 \
		seccomp=on initrd="$work/initramfs.gz" con0=null,fd:1 con=null console=tty0 loglevel=7 \
		umid="vmclock-$$" uml_dir="$work/" "$@"
}

# boot_qemu LIMIT_S KERNEL PARAMETERS [OPTION...]: a PC without KVM; its serial line is the log.
boot_qemu() {
	local limit_s=$1 kernel=$2 khz=${khz:-$(rate_khz)}
	# Without no_timer_check, a kernel that gets no processor for a while takes its timer for broken.
	local parameters="console=ttyS0 loglevel=5 panic=-1 tsc=reliable no_timer_check"

	parameters+=" tsc_early_khz=$khz $3"
	shift 3
	need qemu-system-x86_64 qemu-system-x86
	initramfs
	twice qemu timeout --foreground -k 5 "$limit_s" nice -n 15 qemu-system-x86_64 \
		-accel "${accelerator:-tcg,thread=multi}" -machine pc -cpu max -m 256M -display none \
		-monitor none -no-reboot -nic none -serial file:"$work/serial.log" -serial stdio \
		-kernel "$kernel" -initrd "$work/initramfs.gz" \
		-append "$parameters" "$@"
}

# At its second serial port somebody types a line every second: that wakes who sleeps.
qemu() {
	while sleep 1 && echo; do :; done | "$@"
}

# boot_virtual, as boot_qemu: in virtual time. An instruction takes 1 ns, and being idle nothing.
boot_virtual() {
	local accelerator=tcg khz=1000000

	boot_qemu "$@" -icount shift=0,sleep=off -smp 1
}

twice() {
	local start=$SECONDS

	reaches_its_end "$@" || {
		say "the boot did not reach its end; once more (see console-first.txt)"
		cp "$work/console.txt" "$work/console-first.txt"
		reaches_its_end "$@"
	} || {
		tail -n 40 "$work/console.txt" | sed 's/^/# /'
		echo "Bail out! the boot did not reach its end"
		exit 1
	}
	say "booted and tested in $((SECONDS - start)) s"
	report
}

# The machine is a group of processes of its own, which goes with who interrupts its boot.
reaches_its_end() {
	local running

	: >"$work/serial.log"
	set -m
	"$@" >"$work/console.log" 2>&1 </dev/null &
	running=$!
	set +m
	# shellcheck disable=SC2064 # this one
	trap "kill -- -$running; exit 1" INT TERM HUP
	wait "$running" || true
	trap - INT TERM HUP
	cat "$work/console.log" "$work/serial.log" | tr -d '\r' >"$work/console.txt"
	grep -q '^# the end' "$work/console.txt"
}

# What the kernel says that it should not.
complaints() {
	sed "${own_complaints:+1,/^# test /d}" "$work/console.txt" | grep -E "$complaints"
}

# The verdicts of all programs as one stream of TAP, and one more about what the kernel said.
report() {
	complaints >"$work/complaints" || true
	{
		grep -E '^(ok|not ok|# )' "$work/console.txt"
		sed 's/^/# /' "$work/complaints"
		[[ ! -s $work/complaints ]] || printf 'not '
		echo "ok - the kernel complains about nothing"
	} | awk '/^(not )?ok/ { sub(/ok( [0-9]+)?/, "ok " ++n) }
		/^not ok/ { bad = 1 }
		/^# the end/ { next }
		{ print }
		END { print "1.." n; exit bad }'
}

# The verdicts of several machines, as one stream of TAP.
joined() {
	awk '/^1\.\./ { next }
		/^(not )?ok/ { sub(/ok( [0-9]+)?/, "ok " ++n) }
		/^not ok|^Bail out!/ { bad = 1 }
		{ print }
		END { print "1.." n; exit bad }'
}
