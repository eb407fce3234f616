package tagtable_test

import (
	"testing"

	"github.com/vinmatch/vinmatch/internal/flat"
	"github.com/vinmatch/vinmatch/internal/tagtable"
)

// What machines of the other byte order do value by value is the same on both.
func TestForms(t *testing.T) {
	forms(t, tagtable.KeyForm, 0)
	forms(t, tagtable.GroupForm, 2) // without marks
}

// forms reads bytes that all differ, but for those that are not kept at the end of
// each value, looks at the memory where it is that of the file, and writes them
// again.
func forms[T comparable](t *testing.T, form flat.Form[T], left int) {
	t.Helper()
	bytes := make([]byte, 3*form.Size)
	for i := range bytes {
		if i%form.Size < form.Size-left {
			bytes[i] = byte(i + 1)
		}
	}
	values := make([]T, 3)
	form.Decode(values, bytes)
	if values[0] == values[1] || values[1] == values[2] {
		t.Errorf("%T: other bytes, the same value", values[0])
	}
	if same, ok := flat.View(form, values); ok && string(same) != string(bytes) {
		t.Errorf("%T: memory has % x, the file % x", values[0], same, bytes)
	}
	again := make([]byte, len(bytes))
	form.Encode(again, values)
	if string(again) != string(bytes) {
		t.Errorf("%T: % x becomes % x", values[0], bytes, again)
	}
}
