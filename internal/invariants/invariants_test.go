package invariants

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	Check(true, "never seen")
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "row 7 of 5") {
			t.Errorf("panic %q does not say what is broken", msg)
		}
	}()
	Check(false, "row %d of %d", 7, 5)
	t.Error("Check(false) returned")
}
