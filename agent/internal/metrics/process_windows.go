package metrics

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryCounters is PROCESS_MEMORY_COUNTERS.
type memoryCounters struct {
	size, faults                                             uint32
	peak, resident, peakPaged, paged, peakNonPaged, nonPaged uintptr
	pagefile, peakPagefile                                   uintptr
}

var (
	kernel32             = windows.NewLazySystemDLL("kernel32.dll")
	getProcessMemoryInfo = kernel32.NewProc("K32GetProcessMemoryInfo")
	getHandleCount       = kernel32.NewProc("GetProcessHandleCount")
)

// usage asks the system what it counts of this process.
func usage() (rss, cpu, files float64, ok bool) {
	self := windows.CurrentProcess()
	var m memoryCounters
	m.size = uint32(unsafe.Sizeof(m))
	if r, _, _ := getProcessMemoryInfo.Call(uintptr(self), uintptr(unsafe.Pointer(&m)), uintptr(m.size)); r == 0 {
		return 0, 0, 0, false
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(self, &created, &exited, &kernel, &user); err != nil {
		return 0, 0, 0, false
	}
	var handles uint32
	if r, _, _ := getHandleCount.Call(uintptr(self), uintptr(unsafe.Pointer(&handles))); r == 0 {
		return 0, 0, 0, false
	}
	seconds := func(t windows.Filetime) float64 {
		return float64(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) / 1e7
	}
	return float64(m.resident), seconds(kernel) + seconds(user), float64(handles), true
}
