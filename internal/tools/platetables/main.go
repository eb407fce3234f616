// Command platetables writes the Unicode tables of package vin/plate, so that
// the library itself need not depend on golang.org/x/text. Run it through go
// generate in vin/plate. It takes the directory to write to.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("platetables: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: platetables directory")
	}
	files, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
