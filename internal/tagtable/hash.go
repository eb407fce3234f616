package tagtable

// Hash returns the hash of a key, for structures that are asked beside the table
// and need not mix the key's bits again.
func (t *Table) Hash(k Key) uint64 { return t.hash(k) }

// Hash returns the hash of key i of the block that [Table.Probe] looked up last.
func (b *Batch) Hash(i int) uint64 { return b.hashes[i&(Block-1)] }
