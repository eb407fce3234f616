package match

import "fmt"

// enumName names a value of a small enumeration.
func enumName[E ~uint8](names []string, e E) string {
	if int(e) < len(names) && names[e] != "" {
		return names[e]
	}
	return fmt.Sprintf("%T(%d)", e, uint8(e))
}

// parseEnum sets e to the value that text names.
func parseEnum[E ~uint8](names []string, text []byte, e *E, what string) error {
	for i, name := range names {
		if name != "" && name == string(text) {
			*e = E(i)
			return nil
		}
	}
	return fmt.Errorf("match: %.20q is not a %s", text, what)
}
