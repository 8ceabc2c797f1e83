// Package powercut holds no code of the product: its tests cut the power of
// the computer the agent runs on, for real, and look for what is missing.
//
// Killing a process is not a power cut: the page cache survives it. What a
// power cut leaves depends on the drive, which keeps writes in a cache of its
// own and forgets them, in any order and in parts, unless it was told to flush.
// So both rigs put a drive of our own under the agent's file system. It knows
// which writes are durable and which are pending; an image of a cut is what is
// durable and a random subset of what is pending, torn between sectors.
//
// Cuts happen at the drive's own events, a write or a flush, and when an answer
// is heard: at random moments there is mostly nothing pending.
//
// # First rig: a file with a volatile cache
//
// The drive is a FUSE file, a loop device with direct I/O makes a disk of it,
// and ext4 is mounted there. A process of its own runs the journal, the till
// and the driver on that file system, and serves the door for the shop's
// software; simulated tills with memories outside the rig stand on TCP. At a
// cut the memories of the tills and everything the shop was told are noted in
// the same instant. Each image is then mounted, the journal opened and checked,
// everything that was acknowledged is looked for, the shop asks again for what
// it had no answer to, and the fiscal memory of that instant must hold each
// operation once. One of the images is where the rig goes on, so that starting
// after a cut is cut too.
//
// # Second rig: a computer
//
// A virtual machine boots Debian's kernel, mounts its disk from an NBD server
// with the same volatile cache, and runs chekan-agent. The till outside keeps
// its power. A cut kills the machine at a write or a flush; the image is looked
// into, and the machine boots from it.
//
// # Controls
//
// Rigs that never find anything prove nothing. A journal that does not sync,
// and a drive that ignores flushes, must be caught by both.
//
// # One thing ext4 does not promise
//
// Its first superblock is two sectors, written in place and not journaled. A
// tear between them leaves a file system that does not mount; it is restored
// from its second copy, as a person with a rescue disk would, and counted. A
// drive with sectors of 4096 bytes cannot tear it.
//
// # Running it
//
// `make powercut` runs all of it, installs what it needs and ends with one line.
// `make test` runs a slice of the first rig where there are root, /dev/fuse and
// loop devices. Choices are random by the seed that is printed; the kernel's
// own order of writes is not, so a seed repeats the kind of a run rather than
// its every byte.
package powercut
