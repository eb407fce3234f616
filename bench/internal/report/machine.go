package report

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A Machine says where figures were taken. It has no name and no address: whose
// machine it is does not matter.
type Machine struct {
	CPU       string   `json:"cpu"`
	CPUs      int      `json:"cpus"`
	Procs     int      `json:"gomaxprocs"`
	Memory    int64    `json:"memory,omitempty"` // bytes; 0: not known
	OS        string   `json:"os"`
	Arch      string   `json:"arch"`
	Go        string   `json:"go"`
	Settings  []string `json:"settings,omitempty"` // of the build, such as GOAMD64=v3
	Revision  string   `json:"revision,omitempty"`
	HugePages string   `json:"huge_pages,omitempty"` // Linux: always, madvise or never
	Load      string   `json:"load,omitempty"`       // Unix: the load average when the run began
}

// ThisMachine describes the machine that the program runs on.
func ThisMachine() Machine {
	m := Machine{
		CPU: runtime.GOARCH, CPUs: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0),
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(),
	}
	if name, ok := field("/proc/cpuinfo", "model name"); ok {
		m.CPU = name
	}
	if text, ok := field("/proc/meminfo", "MemTotal"); ok {
		if kB, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64); err == nil {
			m.Memory = kB << 10
		}
	}
	if b, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil {
		_, after, _ := strings.Cut(string(b), "[")
		m.HugePages, _, _ = strings.Cut(after, "]")
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(b), " ")
	}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return m
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64", "GOARM64", "GOARM", "GOEXPERIMENT", "-tags", "-gcflags", "-pgo":
			if s.Value != "" {
				m.Settings = append(m.Settings, s.Key+"="+s.Value)
			}
		case "vcs.revision":
			m.Revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty && m.Revision != "" {
		m.Revision += " with changes"
	}
	return m
}

// field returns the first value of a key in a file of lines "key : value".
func field(path, key string) (string, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(b)) {
		k, v, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}

// String describes the machine in a line.
func (m Machine) String() string {
	s := fmt.Sprintf("%s, %d CPUs", m.CPU, m.CPUs)
	if m.Procs != m.CPUs {
		s += fmt.Sprintf(" of which Go uses %d", m.Procs)
	}
	if m.Memory > 0 {
		s += fmt.Sprintf(", %.0f GB", float64(m.Memory)/1e9)
	}
	return s + fmt.Sprintf(", %s/%s, %s", m.OS, m.Arch, m.Go)
}

// details are what else is known, in pairs.
func (m Machine) details() [][2]string {
	var d [][2]string
	for _, x := range [][2]string{
		{"build", strings.Join(m.Settings, " ")},
		{"revision", m.Revision},
		{"huge pages", m.HugePages},
		{"load average at the start", m.Load},
	} {
		if x[1] != "" {
			d = append(d, x)
		}
	}
	return d
}
