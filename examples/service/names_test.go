package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vinmatch/vinmatch/internal/safefile"
)

// A namesOnDisk notes which names a directory had when it was synced last.
type namesOnDisk struct {
	safefile.Filesystem
	mu  sync.Mutex
	has map[string][]string
}

func (n *namesOnDisk) SyncDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	n.mu.Lock()
	dir = filepath.Clean(dir)
	n.has[dir] = nil
	for _, e := range entries {
		n.has[dir] = append(n.has[dir], e.Name())
	}
	n.mu.Unlock()
	return n.Filesystem.SyncDir(dir)
}

// A system that fails takes no name of a file whose content it has acknowledged.
func TestNamesAreSynced(t *testing.T) {
	names := &namesOnDisk{Filesystem: safefile.On, has: map[string][]string{}}
	safefile.On = names
	defer func() { safefile.On = names.Filesystem }()

	above := t.TempDir()
	dir := filepath.Join(above, "data")
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		args := []string{"serve", "--demo", "--records", "100", "--data", dir, "--listen", "127.0.0.1:0"}
		ended <- run(&app{ctx: ctx, stdout: out, stderr: t.Output()}, args)
		out.Close()
	}()
	url, token := "", ""
	for lines := bufio.NewScanner(in); url == "" && lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "token of owner FR: "); ok {
			token = rest
		} else if strings.HasPrefix(lines.Text(), "http") {
			url = lines.Text()
		}
	}
	go io.Copy(io.Discard, in)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	if status, err := call(client, token, "POST", url+"v1/watch", `{"reads":[{"kind":"vin","text":"1HGCM82633A004352"}]}`, nil); err != nil || status != http.StatusOK {
		t.Errorf("%d, %v", status, err)
	}
	names.mu.Lock()
	for _, path := range []string{
		dir, filepath.Join(dir, "audit.key"), filepath.Join(dir, "audit"), filepath.Join(dir, "watch"), filepath.Join(dir, "log"),
		filepath.Join(dir, "audit", "synced"), filepath.Join(dir, "audit", "audit-00000000000000000001.jsonl"),
		filepath.Join(dir, "watch", "inquiries"), filepath.Join(dir, "watch", "reports"),
	} {
		if !slices.Contains(names.has[filepath.Dir(path)], filepath.Base(path)) {
			t.Errorf("the name of %s was not synced", path)
		}
	}
	names.mu.Unlock()
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
