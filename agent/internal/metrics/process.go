package metrics

import (
	"runtime"
	"time"
)

// Process puts what every program has on the page, under the names that
// Prometheus' own libraries use.
func Process(p *Page, started time.Time) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.Add("process_start_time_seconds", Gauge, "Start of the process, Unix seconds.", float64(started.UnixMilli())/1000)
	p.Add("go_goroutines", Gauge, "Goroutines.", float64(runtime.NumGoroutine()))
	p.Add("go_memstats_heap_alloc_bytes", Gauge, "Heap in use, bytes.", float64(m.HeapAlloc))
	p.Add("go_memstats_sys_bytes", Gauge, "Memory taken from the system by the Go runtime, bytes.", float64(m.Sys))
	if rss, cpu, files, ok := usage(); ok {
		p.Add("process_resident_memory_bytes", Gauge, "Resident memory, bytes.", rss)
		p.Add("process_cpu_seconds_total", Counter, "Processor time, seconds.", cpu)
		p.Add("process_open_fds", Gauge, "Open files.", files)
	}
}
