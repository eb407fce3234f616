// Command gen writes the sample files that the tool ships.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/vinmatch/vinmatch/examples/vinmatch/internal/sample"
)

func main() {
	set := sample.New(sample.Seed)
	dir := filepath.Join("..", "..", "data")
	for name, text := range map[string][]byte{"register.csv": set.Register, "observations.csv": set.Observations} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
