package powercut

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// driveFolder is a FUSE file system with one file: the drive.
type driveFolder struct {
	fs.Inode
	drive *drive
}

var _ fs.NodeOnAdder = (*driveFolder)(nil)

const driveName = "drive"

func (r *driveFolder) OnAdd(ctx context.Context) {
	r.AddChild(driveName, r.NewPersistentInode(ctx, &driveFile{drive: r.drive}, fs.StableAttr{Mode: syscall.S_IFREG, Ino: 2}), true)
}

// driveFile is the drive as a file.
type driveFile struct {
	fs.Inode
	drive *drive
}

var (
	_ fs.NodeOpener    = (*driveFile)(nil)
	_ fs.NodeGetattrer = (*driveFile)(nil)
	_ fs.NodeSetattrer = (*driveFile)(nil)
	_ fs.NodeReader    = (*driveFile)(nil)
	_ fs.NodeWriter    = (*driveFile)(nil)
	_ fs.NodeFsyncer   = (*driveFile)(nil)
	_ fs.NodeFlusher   = (*driveFile)(nil)
)

// Open lets nobody between the drive and its user keep pages.
func (n *driveFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (n *driveFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size, out.Blksize = syscall.S_IFREG|0o600, uint64(n.drive.size()), blockSize
	out.Blocks = out.Size / sectorSize
	return 0
}

func (n *driveFile) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return n.Getattr(ctx, f, out)
}

func (n *driveFile) Read(_ context.Context, _ fs.FileHandle, p []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if off >= n.drive.size() {
		return fuse.ReadResultData(nil), 0
	}
	p = p[:min(int64(len(p)), n.drive.size()-off)]
	n.drive.readAt(p, off)
	return fuse.ReadResultData(p), 0
}

func (n *driveFile) Write(_ context.Context, _ fs.FileHandle, p []byte, off int64) (uint32, syscall.Errno) {
	if off+int64(len(p)) > n.drive.size() {
		return 0, syscall.ENOSPC
	}
	n.drive.writeAt(p, off)
	return uint32(len(p)), 0
}

// Fsync is what the loop device makes of a flush.
func (n *driveFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.drive.flush()
	return 0
}

// Flush is the closing of a file descriptor, which makes nothing durable.
func (n *driveFile) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// serveFUSE shows the drive as a file under dir.
func serveFUSE(d *drive, dir string) (path string, unmount func() error, err error) {
	server, err := fs.Mount(dir, &driveFolder{drive: d}, &fs.Options{MountOptions: fuse.MountOptions{
		FsName: "chekan-powercut", Name: "chekan", MaxWrite: 1 << 20, DisableXAttrs: true, DirectMountStrict: true,
	}})
	if err != nil {
		return "", nil, fmt.Errorf("mount FUSE: %w", err)
	}
	return filepath.Join(dir, driveName), server.Unmount, nil
}
