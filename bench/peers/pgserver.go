package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// wantedMajor is the release of PostgreSQL that is taken where there are several.
const wantedMajor = "15"

// pgServer is a PostgreSQL server that lives as long as this run, in a directory
// of its own, and listens on a unix socket in it. Where PostgreSQL is not
// installed, its programs are in that directory too.
type pgServer struct {
	dir     string
	version string
	cmd     *exec.Cmd
	done    chan error
	log     bytes.Buffer
}

// errNoPostgres means that the rest can go on without PostgreSQL.
var errNoPostgres = errors.New("no PostgreSQL")

// pgInstall are the programs of PostgreSQL.
type pgInstall struct {
	bin  string
	libs string // where their libraries are, if not where the system looks
}

// findPostgres looks for programs below a directory, as Debian lays them out.
func findPostgres(root string) (pgInstall, bool) {
	found, _ := filepath.Glob(filepath.Join(root, "usr/lib/postgresql/*/bin/postgres"))
	slices.Sort(found)
	slices.Reverse(found)
	for i, f := range found {
		if strings.Contains(f, "/"+wantedMajor+"/") {
			found[0], found[i] = found[i], found[0]
		}
	}
	for _, f := range found {
		in := pgInstall{bin: filepath.Dir(f)}
		if _, err := os.Stat(filepath.Join(in.bin, "initdb")); err != nil {
			continue
		}
		trgm := filepath.Join(root, "usr/share/postgresql", filepath.Base(filepath.Dir(in.bin)), "extension/pg_trgm.control")
		if _, err := os.Stat(trgm); err != nil {
			continue
		}
		if root != "/" {
			libs, _ := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu"))
			more, _ := filepath.Glob(filepath.Join(root, "lib/*-linux-gnu"))
			in.libs = strings.Join(append(libs, more...), ":")
		}
		return in, true
	}
	return pgInstall{}, false
}

// fetchPostgres unpacks Debian's packages below a directory. It needs no
// rights and installs nothing: apt is told to keep its lists and archives there.
func fetchPostgres(ctx context.Context, dir string, log io.Writer) error {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: neither installed nor is there %s to fetch it with", errNoPostgres, program)
		}
	}
	fmt.Fprintln(log, "fetching PostgreSQL from Debian's packages, for this run")
	scratch := filepath.Join(dir, "apt")
	for _, d := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(scratch, d), 0o755); err != nil {
			return err
		}
	}
	apt := func(args ...string) error {
		args = append([]string{
			"-q", "-o", "Dir::State::Lists=" + filepath.Join(scratch, "lists"),
			"-o", "Dir::Cache=" + scratch,
			"-o", "Dir::Cache::Archives=" + filepath.Join(scratch, "archives"),
			"-o", "Debug::NoLocking=true",
			"-o", "APT::Sandbox::User=",
		}, args...)
		out, err := exec.CommandContext(ctx, "apt-get", args...).CombinedOutput()
		if err != nil {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return fmt.Errorf("%w: apt-get: %w: %s", errNoPostgres, err, lines[len(lines)-1])
		}
		return nil
	}
	if err := apt("update"); err != nil {
		return err
	}
	const download = "--download-only"
	err := apt("install", "-y", download, "--no-install-recommends", "postgresql-"+wantedMajor)
	if err != nil {
		// Another release of Debian has another one of PostgreSQL.
		err = apt("install", "-y", download, "--no-install-recommends", "postgresql")
	}
	if err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(scratch, "archives", "*.deb"))
	if err != nil {
		return err
	}
	for _, a := range archives {
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", a, dir).CombinedOutput(); err != nil {
			return fmt.Errorf("dpkg-deb: %w: %s", err, out)
		}
	}
	return os.RemoveAll(scratch)
}

// startPostgres finds, or with fetch fetches, PostgreSQL and starts it with
// room for n records. The error is errNoPostgres if there is none to be had.
// Nothing stays behind of a server that was not started.
func startPostgres(ctx context.Context, n int, fetch bool, log io.Writer) (*pgServer, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("%w: it is started on Linux only", errNoPostgres)
	}
	base, err := serverBase()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(base, serverPrefix)
	if err != nil {
		return nil, err
	}
	s := &pgServer{dir: dir}
	err = func() error {
		as, err := unprivileged(dir)
		if err != nil {
			return err
		}
		in, ok := findPostgres("/")
		if !ok && !fetch {
			return fmt.Errorf("%w is installed", errNoPostgres)
		}
		if !ok {
			own := filepath.Join(dir, "debian")
			if err := fetchPostgres(ctx, own, log); err != nil {
				return err
			}
			if in, ok = findPostgres(own); !ok {
				return fmt.Errorf("%w in Debian's packages", errNoPostgres)
			}
		}
		return s.start(ctx, in, as, n)
	}()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// serverPrefix begins the names of the directories of servers.
const serverPrefix = "peers-pg-"

// serverBase returns where the directory of a server can be: where its user can
// reach it, by a path that is short enough for a unix socket.
func serverBase() (string, error) {
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		const most = 107 - len("/"+serverPrefix+"4294967295/.s.PGSQL.5432")
		if len(base) <= most && reachable(base) {
			return base, nil
		}
	}
	return "", fmt.Errorf("%w: no temporary directory that another user can reach", errNoPostgres)
}

// reachable reports whether this user, or if this is root every user, can reach
// what is in a directory.
func reachable(dir string) bool {
	if os.Getuid() != 0 {
		return true
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func (s *pgServer) start(ctx context.Context, in pgInstall, as *syscall.SysProcAttr, n int) error {
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(in.bin, name), args...)
		cmd.SysProcAttr = as
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=GMT", "HOME="+s.dir)
		if in.libs != "" {
			cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+in.libs)
		}
		return cmd
	}
	out, err := command("postgres", "--version").Output()
	if err != nil {
		return fmt.Errorf("%w that runs: %w", errNoPostgres, err)
	}
	if f := strings.Fields(string(out)); len(f) >= 3 {
		s.version = f[2]
	}
	data := filepath.Join(s.dir, "data")
	init := command("initdb", "-D", data, "-U", "peers", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	megabytes := max(256, n*600>>20) // all of the table and its indexes
	s.cmd = command("postgres", "-D", data)
	for _, setting := range []string{
		"listen_addresses=", "unix_socket_directories=" + s.dir, "port=5432",
		fmt.Sprintf("shared_buffers=%dMB", megabytes), fmt.Sprintf("effective_cache_size=%dMB", megabytes),
		"huge_pages=try", "maintenance_work_mem=1GB", "work_mem=64MB", "max_connections=8",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
		"max_wal_size=16GB", "checkpoint_timeout=1h", "autovacuum=off", "jit=off", "random_page_cost=1.1",
	} {
		s.cmd.Args = append(s.cmd.Args, "-c", setting)
	}
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.done = make(chan error, 1)
	started := make(chan error)
	go func() {
		// The server ends with the thread that started it, see unprivileged,
		// so the thread stays with this goroutine.
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.done <- s.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	for {
		conn, err := s.connect(ctx)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended: %s", s.log.Bytes())
		case <-ctx.Done():
			s.stop()
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *pgServer) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("host=%s port=5432 user=peers database=postgres", s.dir))
}

// stop ends the server and removes what it wrote.
func (s *pgServer) stop() error {
	if s == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT) // a fast shutdown
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	return os.RemoveAll(s.dir)
}
