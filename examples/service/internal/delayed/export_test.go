package delayed

// Crash ends the desk as a process that is killed does: nothing more is written.
func (d *Desk) Crash() {
	d.end()
	d.done.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = ErrClosed
	d.file.close()
}

// Rewrite writes the journal anew.
func (d *Desk) Rewrite() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rewrite()
}

// CloseFile closes the journal under the desk.
func (d *Desk) CloseFile() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.file.f.Close()
}

// Load reads a journal as Open does, and returns how many inquiries and reports it
// has.
func Load(path string) (inquiries, reports int, err error) {
	d := &Desk{o: Options{}.withDefaults(), callers: map[string]*caller{}, told: map[key]int64{}, file: journal{path: path}}
	err = d.load()
	defer d.file.close()
	for _, c := range d.callers {
		reports += len(c.kept)
	}
	return len(d.asked), reports, err
}
