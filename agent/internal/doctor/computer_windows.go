package doctor

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

const noControl = 0

// thisComputer is the real one.
type thisComputer struct{}

// Free implements Computer.
func (thisComputer) Free(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, err
	}
	return int64(free), nil
}

// Filesystem implements Computer.
func (thisComputer) Filesystem(dir string) (string, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return "", err
	}
	root := make([]uint16, windows.MAX_PATH+1)
	if err := windows.GetVolumePathName(path, &root[0], uint32(len(root))); err != nil {
		return "", err
	}
	if windows.GetDriveType(&root[0]) == windows.DRIVE_REMOTE {
		return "smb", nil
	}
	name := make([]uint16, windows.MAX_PATH+1)
	if err := windows.GetVolumeInformation(&root[0], nil, 0, nil, nil, nil, &name[0], uint32(len(name))); err != nil {
		return "", err
	}
	kind := windows.UTF16ToString(name)
	if strings.HasPrefix(kind, "FAT") {
		return "vfat", nil
	}
	return strings.ToLower(kind), nil
}

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                                  uint32
	total, available, pageTotal, pageAvail, virtual, virtualAvail uint64
	extended                                                      uint64
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// Memory implements Computer.
func (thisComputer) Memory() (available, total int64, err error) {
	m := memoryStatus{}
	m.length = uint32(unsafe.Sizeof(m))
	if ok, _, err := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&m))); ok == 0 {
		return 0, 0, err
	}
	return int64(m.available), int64(m.total), nil
}
